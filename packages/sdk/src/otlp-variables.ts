/**
 * `OTEL_EXPORTER_OTLP_*` and their `…_TRACES_*` forms: OTLP exporter specification, "Configuration Options". The form for
 * traces wins over the general one.
 */
import { readFileSync } from 'node:fs'
import { messageOf, rejectOption } from '@triscope/core'
import type { OtlpExporterOptions, OtlpProtocol } from '@triscope/tracing'
import type { EnvReader } from './env.ts'

/** What was said in code. */
export type GivenOtlp = Partial<OtlpExporterOptions> & {
  /** A base URL, as `OTEL_EXPORTER_OTLP_ENDPOINT` is. */
  endpoint?: string | undefined
}

const PROTOCOLS = ['http/protobuf', 'http/json', 'grpc'] as const
const DEFAULT_URLS: Readonly<Record<OtlpProtocol, string>> = {
  'http/protobuf': 'http://localhost:4318',
  'http/json': 'http://localhost:4318',
  grpc: 'http://localhost:4317',
}

/**
 * The endpoint, code over environment. `undefined` where nobody names one and `named` does not ask for the default, or
 * where the variable is no URL, which is told. Throws `TRI_ERR_OPTION`.
 */
export function otlpOf(given: GivenOtlp, named: boolean, read: EnvReader): OtlpExporterOptions | undefined {
  const { endpoint, url: whole, ...rest } = given
  const protocol =
    given.protocol ??
    read.choice(PROTOCOLS, 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL') ??
    'http/protobuf'
  const url =
    whole ?? (endpoint === undefined ? urlFromEnv(protocol, named, read) : urlOf(endpoint, protocol))
  if (url === undefined) return undefined
  const tls = given.tls ?? tlsFromEnv(read)
  return {
    ...rest,
    url,
    protocol,
    headers:
      given.headers ?? read.headers('OTEL_EXPORTER_OTLP_TRACES_HEADERS', 'OTEL_EXPORTER_OTLP_HEADERS') ?? {},
    compression:
      given.compression ??
      read.choice(
        ['gzip', 'none'],
        'OTEL_EXPORTER_OTLP_TRACES_COMPRESSION',
        'OTEL_EXPORTER_OTLP_COMPRESSION',
      ) ??
      'none',
    timeoutMs:
      given.timeoutMs ??
      read.integer(1, 3_600_000, 'OTEL_EXPORTER_OTLP_TRACES_TIMEOUT', 'OTEL_EXPORTER_OTLP_TIMEOUT') ??
      10_000,
    ...(tls === undefined ? {} : { tls }),
  }
}

function urlOf(endpoint: string, protocol: OtlpProtocol): string {
  if (!isHttpUrl(endpoint)) {
    const example = `for example ${DEFAULT_URLS[protocol]}`
    rejectOption('tracing.endpoint', 'an http:// or https:// URL', endpoint, example)
  }
  return signalUrl(endpoint, protocol)
}

/** "Endpoint URLs": the signal's own is taken as it is, the general one gets the path; over gRPC there is none. */
function urlFromEnv(protocol: OtlpProtocol, named: boolean, read: EnvReader): string | undefined {
  const own = read.text('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT')
  const given =
    own ?? read.text('OTEL_EXPORTER_OTLP_ENDPOINT') ?? (named ? DEFAULT_URLS[protocol] : undefined)
  if (given === undefined) return undefined
  const value = protocol === 'grpc' && !given.includes('://') ? withScheme(given, read) : given
  if (!isHttpUrl(value)) {
    read.unsupported(
      own === undefined ? 'OTEL_EXPORTER_OTLP_ENDPOINT' : 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
      value,
      `expected an http:// or https:// URL such as ${DEFAULT_URLS[protocol]}; no spans are sent`,
    )
    return undefined
  }
  return own === undefined ? signalUrl(value, protocol) : value
}

/** gRPC's own way to name a target is `host:port`; it is secure unless told otherwise. */
function withScheme(target: string, read: EnvReader): string {
  const insecure = read.flag('OTEL_EXPORTER_OTLP_TRACES_INSECURE') ?? read.flag('OTEL_EXPORTER_OTLP_INSECURE')
  return `${insecure === true ? 'http' : 'https'}://${target}`
}

function signalUrl(endpoint: string, protocol: OtlpProtocol): string {
  if (protocol === 'grpc') return endpoint
  const url = new URL(endpoint)
  url.pathname = `${url.pathname.endsWith('/') ? url.pathname : `${url.pathname}/`}v1/traces`
  return url.href
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
}

function tlsFromEnv(read: EnvReader): OtlpExporterOptions['tls'] {
  const ca = fileOf('CERTIFICATE', read)
  const cert = fileOf('CLIENT_CERTIFICATE', read)
  const key = fileOf('CLIENT_KEY', read)
  if (ca === undefined && cert === undefined && key === undefined) return undefined
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  }
}

/** The text of the PEM file that a variable names; one that cannot be read is told and left out. */
function fileOf(what: string, read: EnvReader): string | undefined {
  const own = `OTEL_EXPORTER_OTLP_TRACES_${what}`
  const path = read.text(own, `OTEL_EXPORTER_OTLP_${what}`)
  if (path === undefined) return undefined
  try {
    const text = readFileSync(path, 'utf8')
    if (text.includes('-----BEGIN ')) return text
    read.unsupported(
      read.text(own) === undefined ? `OTEL_EXPORTER_OTLP_${what}` : own,
      path,
      'it holds no PEM; going without',
    )
  } catch (error) {
    const name = read.text(own) === undefined ? `OTEL_EXPORTER_OTLP_${what}` : own
    read.unsupported(name, path, `it cannot be read (${messageOf(error)}); going without`)
  }
  return undefined
}
