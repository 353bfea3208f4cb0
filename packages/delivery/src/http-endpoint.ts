/**
 * Checks where requests go and what they carry, once, and knows which texts are secret.
 *
 * Invariant: `url` and what `clean` returns have no credential in them.
 */
import { validateHeaderName, validateHeaderValue } from 'node:http'
import type { AgentOptions } from 'node:https'
import { createSecureContext } from 'node:tls'
import {
  type Clock,
  createRedaction,
  type Diagnostics,
  messageOf,
  parseUrl,
  REDACTED,
  rejectOption,
  rejectUnknownKeys,
  TriscopeError,
} from '@triscope/core'
import type { Endpoint } from './http-result.ts'
import type { Answer } from './otlp-answer.ts'
import type { HttpProxy } from './tunnel.ts'

/** Options of `createHttpSender`. */
export interface HttpSenderOptions {
  /**
   * The whole URL, `http:` or `https:`, used as it is. User information in it is sent as basic authorization, unless
   * there is such a header, and is never shown.
   */
  url: string
  /** Sent with every request. Their values are never shown, even where the backend repeats them. */
  headers?: Readonly<Record<string, string>>
  /** The `Content-Type` of the body. */
  contentType: string
  /** `gzip` compresses bodies above 1 KiB, off the main thread. @default 'none' */
  compression?: 'gzip' | 'none'
  /** Certificates in PEM, for `https:`. */
  tls?: HttpTls
  /**
   * The URL of an HTTP proxy, `http:` or `https:`; user information in it is sent to it alone, and never shown. `https:`
   * targets are reached through CONNECT. `proxyFor` finds it in an environment.
   * @default none
   */
  proxy?: string
  /** @default `triscope/` and the version */
  userAgent?: string
  /**
   * Reads a body that was answered, of at most 4 MiB; what it throws counts as nothing said.
   * @default none: the status alone decides
   */
  readAnswer?: (contentType: string, body: Uint8Array, status: number) => Answer | undefined
  /** Where a failing compression is told. @default nowhere: the body goes out as it is */
  diagnostics?: Diagnostics
  /** @default the machine's clock */
  clock?: Clock
}

/** Certificates, as `node:tls` takes them. */
export interface HttpTls {
  /** Authorities to trust, in place of those of Node. */
  ca?: string | Uint8Array
  /** The client's own certificate, with its chain. */
  cert?: string | Uint8Array
  /** The key of `cert`. */
  key?: string | Uint8Array
  /** `false` takes any certificate, and so any impostor. @default true */
  rejectUnauthorized?: boolean
}

/** A checked endpoint. */
export interface HttpEndpoint extends Endpoint {
  readonly secure: boolean
  /** As `http.request` takes it. */
  readonly target: { readonly hostname: string; readonly port: number; readonly path: string }
  /** In lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** As an agent takes it. */
  readonly tls: Pick<AgentOptions, keyof HttpTls>
  readonly proxy: HttpProxy | undefined
}

const KNOWN = [
  'url',
  'headers',
  'contentType',
  'compression',
  'tls',
  'proxy',
  'userAgent',
  'readAnswer',
  'diagnostics',
  'clock',
]
const KNOWN_TLS = ['ca', 'cert', 'key', 'rejectUnauthorized']
/** A secret shorter than this is part of too many words to be taken out of a text. */
const MIN_SECRET = 4

/** Throws `TRI_ERR_OPTION` and `TRI_ERR_UNKNOWN_OPTION`. */
export function resolveEndpoint(options: HttpSenderOptions): HttpEndpoint {
  rejectUnknownKeys('', options, KNOWN)
  const { compression, tls } = options
  if (compression !== undefined && compression !== 'gzip' && compression !== 'none') {
    rejectOption('compression', '"gzip" or "none"', compression)
  }
  const url = parsedUrl('url', options.url)
  const secure = url.protocol === 'https:'
  const headers = checkedHeaders({ ...options.headers, 'content-type': options.contentType })
  if (options.userAgent !== undefined) checkedHeaders({ 'user-agent': options.userAgent })
  if (url.username !== '') headers['authorization'] ??= basic(url)
  const proxyUrl = options.proxy === undefined ? undefined : parsedUrl('proxy', options.proxy)
  const proxy = proxyUrl === undefined ? undefined : proxyOf(proxyUrl)
  const secrets = [...secretsOf(url, headers), ...(proxyUrl === undefined ? [] : secretsOf(proxyUrl, {}))]
  const redaction = createRedaction()
  return {
    url: redaction.url(`${url.protocol}//${url.host}${url.pathname}${url.search}`),
    secure,
    target: {
      hostname: hostOf(url),
      port: portOf(url),
      path: `${url.pathname}${url.search}`,
    },
    headers,
    tls: tls === undefined ? {} : checkedTls(tls),
    proxy,
    clean: (text) =>
      secrets.reduce((clean, secret) => clean.replaceAll(secret, REDACTED), redaction.url(text)),
  }
}

function basic({ username, password }: URL): string {
  return `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64')}`
}

function proxyOf(url: URL): HttpProxy {
  const secure = url.protocol === 'https:'
  return {
    url: `${url.protocol}//${url.host}`,
    secure,
    hostname: hostOf(url),
    port: portOf(url),
    authorization: url.username === '' ? undefined : basic(url),
  }
}

/** Brackets are the URL's way to write an IPv6 address, not the resolver's. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '')
}

function portOf({ port, protocol }: URL): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
}

function parsedUrl(option: string, text: string): URL {
  const url = typeof text === 'string' ? parseUrl(text) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
  const shown =
    typeof text === 'string'
      ? createRedaction()
          .url(text)
          .replace(/^[^/]*@/, 'REDACTED@')
      : text
  const example = option === 'proxy' ? 'http://localhost:3128' : 'http://localhost:4318/v1/traces'
  return rejectOption(option, 'an http: or https: URL', shown, `for example ${example}`)
}

/** The same headers with names in lower case; what is wrong is named, its value never shown. */
function checkedHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const checked: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    try {
      validateHeaderName(name)
      validateHeaderValue(name, value)
    } catch {
      const problem = `headers: ${JSON.stringify(name)} is not a header that HTTP allows, by its name or its value`
      throw new TriscopeError('TRI_ERR_OPTION', problem, { path: 'headers' })
    }
    checked[name.toLowerCase()] = value
  }
  return checked
}

function checkedTls(given: HttpTls): HttpEndpoint['tls'] {
  rejectUnknownKeys('tls', given, KNOWN_TLS)
  const tls: { -readonly [K in keyof HttpEndpoint['tls']]: HttpEndpoint['tls'][K] } = {}
  for (const name of ['ca', 'cert', 'key'] as const) {
    const value = given[name]
    if (value === undefined) continue
    tls[name] = typeof value === 'string' ? value : Buffer.from(value)
    // Node takes any text for authorities, finds none in it, and trusts nobody.
    if (!tls[name]?.includes('-----BEGIN ')) rejectOption(`tls.${name}`, 'PEM text', 'something else')
  }
  try {
    createSecureContext(tls)
  } catch (error) {
    const words = `tls: a certificate or key cannot be read: ${messageOf(error)}`
    throw new TriscopeError('TRI_ERR_OPTION', words, {
      path: 'tls',
      hint: 'PEM text is expected',
      cause: error,
    })
  }
  return given.rejectUnauthorized === undefined
    ? tls
    : { ...tls, rejectUnauthorized: given.rejectUnauthorized }
}

/** Every value that was sent in confidence, and the part behind a scheme such as `Bearer`; the longest first. */
function secretsOf(url: URL, headers: Readonly<Record<string, string>>): readonly string[] {
  const secrets = new Set<string>()
  for (const [name, value] of Object.entries(headers)) {
    if (name === 'content-type') continue
    secrets.add(value)
    for (const part of value.split(' ').slice(1)) secrets.add(part)
  }
  secrets.add(url.password)
  secrets.add(decoded(url.password))
  return [...secrets].filter((secret) => secret.length >= MIN_SECRET).sort((a, b) => b.length - a.length)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // A percent sign that is not an escape stands for itself.
    return text
  }
}
