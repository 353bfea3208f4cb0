/**
 * Who asked: the address of the connection, or, where that is a proxy that the app trusts, whom the proxy names.
 *
 * Invariant: an address is believed only if everybody between it and us is trusted.
 */
import { BlockList, isIP } from 'node:net'
import { rejectOption, rejectUnknownKeys } from '@triscope/core'
import { addressOf, forwardedHops, type Hops, xForwardedForHops } from './forwarded-hops.ts'
import type { Req } from './request-end.ts'

/** Which proxies are trusted: how many of them stand before the app, or who they are. */
export type TrustedProxies = number | readonly string[]

/** The header that names clients. */
export type ForwardedHeader = 'x-forwarded-for' | 'forwarded'

/** `trustProxy` in full. */
export interface TrustProxyOptions {
  /**
   * How many proxies stand before the app, 1 to 32; or their addresses: `10.1.2.3`, `10.0.0.0/8`, `fd00::/8`, `loopback`
   * (127.0.0.0/8, ::1 and Unix sockets), `private` (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, fc00::/7).
   */
  proxies: TrustedProxies
  /**
   * The one header that is read. Name it where a proxy passes on the other one as the client sent it.
   * @default `x-forwarded-for`, and `forwarded` where a request has no `x-forwarded-for`
   */
  header?: ForwardedHeader
}

/** Checks `trustProxy`. Throws `TRI_ERR_OPTION` and `TRI_ERR_UNKNOWN_OPTION`. */
export function checkTrustProxy(path: string, given: unknown): void {
  if (given === true)
    rejectOption(
      path,
      EXPECTED,
      given,
      'true would believe anybody: say how many proxies there are, or which',
    )
  createClientAddress(given as undefined | false | TrustedProxies | TrustProxyOptions)
}

/** Makes the function that finds the client of a request. @returns `undefined` where nobody is trusted */
export function createClientAddress(
  given: false | TrustedProxies | TrustProxyOptions | undefined,
): ((req: Req) => string | undefined) | undefined {
  if (given === undefined || given === false) return undefined
  const { proxies, header } = isOptions(given) ? given : { proxies: given, header: undefined }
  if (isOptions(given)) rejectUnknownKeys('trustProxy', given, ['proxies', 'header'])
  if (header !== undefined && !HEADERS.includes(header))
    rejectOption('trustProxy.header', '"x-forwarded-for" or "forwarded"', header)
  const isTrusted = trustOf(proxies)
  return (req) => {
    const peer = peerOf(req)
    if (peer === undefined || !isTrusted(peer, 0)) return peer
    let client = peer
    let index = 0
    for (const hop of hopsOf(req, header)) {
      if (hop === undefined || !isTrusted(client, index++)) break
      client = hop
    }
    return client
  }
}

const HEADERS: readonly string[] = ['x-forwarded-for', 'forwarded'] satisfies ForwardedHeader[]
const EXPECTED =
  'false, a number of proxies from 1 to 32, or a list of addresses, networks, "loopback" and "private"'
const MAX_PROXIES = 32
const NAMED: Readonly<Partial<Record<string, readonly string[]>>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  // RFC 1918 §3, RFC 4193 §3.1.
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
}

function isOptions(given: unknown): given is TrustProxyOptions {
  return typeof given === 'object' && given !== null && !Array.isArray(given)
}

/** A connection without an address is one over a Unix socket, from this machine; one that is gone has none either. */
function peerOf({ socket }: Req): string | undefined {
  const { remoteAddress, destroyed } = (socket ?? { destroyed: true }) as {
    remoteAddress?: string
    destroyed: boolean
  }
  if (remoteAddress === undefined) return destroyed ? undefined : '127.0.0.1'
  return addressOf(remoteAddress) ?? remoteAddress
}

function hopsOf({ headers }: Req, header: ForwardedHeader | undefined): Hops {
  const listed = header === 'forwarded' ? undefined : textOf(headers['x-forwarded-for'])
  if (listed !== undefined) return xForwardedForHops(listed)
  const forwarded = header === 'x-forwarded-for' ? undefined : textOf(headers['forwarded'])
  return forwarded === undefined ? [] : forwardedHops(forwarded)
}

function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(',') : header
}

/** @returns asks whether the hop that is so many away, the connection being 0, is trusted */
function trustOf(proxies: TrustedProxies): (address: string, index: number) => boolean {
  if (typeof proxies === 'number') {
    if (!Number.isInteger(proxies) || proxies < 1 || proxies > MAX_PROXIES)
      rejectOption('trustProxy', EXPECTED, proxies)
    return (_, index) => index < proxies
  }
  if (!Array.isArray(proxies) || proxies.length === 0) rejectOption('trustProxy', EXPECTED, proxies)
  const trusted = new BlockList()
  for (const entry of proxies as readonly unknown[]) {
    for (const network of NAMED[String(entry)] ?? [entry]) addNetwork(trusted, network)
  }
  return (address) => trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}

function addNetwork(trusted: BlockList, entry: unknown): void {
  const [given = '', prefix, ...more] = typeof entry === 'string' ? entry.split('/') : []
  const address = addressOf(given)
  const version = isIP(given)
  const widest = version === 6 ? 128 : 32
  const bits = prefix === undefined ? widest : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN
  if (version === 0 || address === undefined || more.length > 0 || !(bits <= widest))
    rejectOption('trustProxy', 'an address, a network such as 10.0.0.0/8, "loopback" or "private"', entry)
  trusted.addSubnet(given, bits, version === 6 ? 'ipv6' : 'ipv4')
}
