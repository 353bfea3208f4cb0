/**
 * Which hosts are of the same house. `traceparent` goes everywhere, but baggage carries what the app put in it, a
 * customer's id perhaps, and goes by default only to hosts that no stranger can own.
 */
import { rejectOption } from '@triscope/core'

/**
 * Who is told the baggage: hosts of the same house, everybody, or these hosts. In a list, `*.example.com` stands for
 * every host below that name, and `internal` for what `'internal'` alone means.
 */
export type BaggageHosts = 'internal' | 'all' | readonly string[]

/** Makes the question that each outgoing call asks of its host. Throws `TRI_ERR_OPTION`. */
export function resolveBaggageHosts(option: BaggageHosts = 'internal'): (host: string) => boolean {
  if (option === 'internal') return isInternalHost
  if (option === 'all') return () => true
  if (!Array.isArray(option)) rejectOption('tracing.baggageHosts', EXPECTED, option)
  const entries = option.map((entry: unknown, index) => {
    if (typeof entry === 'string' && entry.trim() !== '') return entry.trim().toLowerCase()
    return rejectOption(`tracing.baggageHosts[${index}]`, 'a host name, or "*." and a domain', entry)
  })
  const internal = entries.includes('internal')
  const suffixes = entries.filter((entry) => entry.startsWith('*.')).map((entry) => entry.slice(1))
  return (host) => {
    const name = host.toLowerCase()
    const plain = name.endsWith('.') ? name.slice(0, -1) : name
    return (
      entries.includes(plain) ||
      suffixes.some((suffix) => plain.endsWith(suffix)) ||
      (internal && isInternalHost(plain))
    )
  }
}

const EXPECTED = '"internal", "all", or a list of host names'

/**
 * Whether `host` is loopback, in a private address range, a single label, or a name that clusters use inside; never
 * the metadata service of a cloud, which answers in such ranges and names and belongs to the cloud.
 * @param host as in a URL, IPv6 with or without brackets
 */
export function isInternalHost(host: string): boolean {
  const name = host.toLowerCase()
  if (name.startsWith('[') || name.includes(':'))
    return isInternalIpv6(name.replace('[', '').replace(']', ''))
  const bytes = ipv4(name)
  if (bytes !== undefined) return isInternalIpv4(bytes)
  const plain = name.endsWith('.') ? name.slice(0, -1) : name
  if (plain === '' || METADATA_HOSTS.includes(plain)) return false
  return !plain.includes('.') || INTERNAL_SUFFIXES.some((suffix) => plain.endsWith(suffix))
}

/** Of Google Cloud and EC2. */
const METADATA_HOSTS: readonly string[] = ['metadata.google.internal', 'instance-data.ec2.internal']
/** Of EC2 and Google Cloud, as a URL spells them. */
const METADATA_IPV6: readonly string[] = ['fd00:ec2::254', 'fd20:ce::254']

/** Kubernetes (`.svc`, `.cluster.local`), mDNS, and the names reserved by RFC 6761 and ICANN for private use. */
const INTERNAL_SUFFIXES: readonly string[] = ['.svc', '.cluster.local', '.local', '.internal', '.localhost']

function ipv4(name: string): readonly number[] | undefined {
  const parts = name.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part))) return undefined
  return parts.map(Number)
}

/**
 * RFC 1918, loopback, and the shared range of RFC 6598 that clusters use for pods, without 100.100.100.200, the metadata
 * service of Alibaba Cloud. Link-local is left out: there the other clouds have theirs.
 */
function isInternalIpv4([a = 0, b = 0, c = 0, d = 0]: readonly number[]): boolean {
  if (a === 100 && b === 100 && c === 100 && d === 200) return false
  return (
    a === 127 ||
    a === 10 ||
    (a === 172 && b >= 16 && b <= 31) ||
    (a === 192 && b === 168) ||
    (a === 100 && b >= 64 && b <= 127)
  )
}

/** Loopback, unique local addresses (RFC 4193), and IPv4 in IPv6 clothes. */
function isInternalIpv6(address: string): boolean {
  if (address === '::1') return true
  if (/^f[cd][0-9a-f]{2}:/.test(address)) return !METADATA_IPV6.includes(address)
  const mapped = /^::ffff:(?:(\d+\.\d+\.\d+\.\d+)|([0-9a-f]{1,4}):([0-9a-f]{1,4}))$/.exec(address)
  if (mapped === null) return false
  const [, dotted, high = '0', low = '0'] = mapped
  if (dotted !== undefined) return isInternalHost(dotted)
  const [ab, cd] = [Number.parseInt(high, 16), Number.parseInt(low, 16)]
  return isInternalIpv4([ab >> 8, ab & 255, cd >> 8, cd & 255])
}
