/**
 * `OTEL_EXPORTER_OTLP_*` and their `…_TRACES_*` and `…_LOGS_*` forms: OTLP exporter specification, "Configuration
 * Options". The form for a signal wins over the general one.
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

/** The signals that are sent by OTLP. */
export type OtlpSignal = 'traces' | 'logs'

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
export function otlpOf(
  given: GivenOtlp,
  named: boolean,
  read: EnvReader,
  signal: OtlpSignal = 'traces',
): OtlpExporterOptions | undefined {
  const own = `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}`
  const { endpoint, url: whole, ...rest } = given
  const protocol =
    given.protocol ??
    read.choice(PROTOCOLS, `${own}_PROTOCOL`, 'OTEL_EXPORTER_OTLP_PROTOCOL') ??
    'http/protobuf'
  const url =
    whole ??
    (endpoint === undefined ? urlFromEnv(protocol, named, read, signal) : urlOf(endpoint, protocol, signal))
  if (url === undefined) return undefined
  const tls = given.tls ?? tlsFromEnv(read, own)
  return {
    ...rest,
    url,
    protocol,
    headers: given.headers ?? read.headers(`${own}_HEADERS`, 'OTEL_EXPORTER_OTLP_HEADERS') ?? {},
    compression:
      given.compression ??
      read.choice(['gzip', 'none'], `${own}_COMPRESSION`, 'OTEL_EXPORTER_OTLP_COMPRESSION') ??
      'none',
    timeoutMs:
      given.timeoutMs ?? read.integer(1, 3_600_000, `${own}_TIMEOUT`, 'OTEL_EXPORTER_OTLP_TIMEOUT') ?? 10_000,
    ...(tls === undefined ? {} : { tls }),
  }
}

function urlOf(endpoint: string, protocol: OtlpProtocol, signal: OtlpSignal): string {
  if (!isHttpUrl(endpoint)) {
    const example = `for example ${DEFAULT_URLS[protocol]}`
    rejectOption(
      signal === 'logs' ? 'logging.otlp.endpoint' : 'tracing.endpoint',
      'an http:// or https:// URL',
      endpoint,
      example,
    )
  }
  return signalUrl(endpoint, protocol, signal)
}

/** "Endpoint URLs": the signal's own is taken as it is, the general one gets the path; over gRPC there is none. */
function urlFromEnv(
  protocol: OtlpProtocol,
  named: boolean,
  read: EnvReader,
  signal: OtlpSignal,
): string | undefined {
  const name = `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_ENDPOINT`
  const own = read.text(name)
  const given =
    own ?? read.text('OTEL_EXPORTER_OTLP_ENDPOINT') ?? (named ? DEFAULT_URLS[protocol] : undefined)
  if (given === undefined) return undefined
  const value = protocol === 'grpc' && !given.includes('://') ? withScheme(given, read, signal) : given
  if (!isHttpUrl(value)) {
    read.unsupported(
      own === undefined ? 'OTEL_EXPORTER_OTLP_ENDPOINT' : name,
      value,
      `expected an http:// or https:// URL such as ${DEFAULT_URLS[protocol]}; no ${signal === 'logs' ? 'log lines' : 'spans'} are sent`,
    )
    return undefined
  }
  return own === undefined ? signalUrl(value, protocol, signal) : value
}

/** gRPC's own way to name a target is `host:port`; it is secure unless told otherwise. */
function withScheme(target: string, read: EnvReader, signal: OtlpSignal): string {
  const own = `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_INSECURE`
  const insecure = read.flag(own) ?? read.flag('OTEL_EXPORTER_OTLP_INSECURE')
  return `${insecure === true ? 'http' : 'https'}://${target}`
}

function signalUrl(endpoint: string, protocol: OtlpProtocol, signal: OtlpSignal): string {
  if (protocol === 'grpc') return endpoint
  const url = new URL(endpoint)
  url.pathname = `${url.pathname.endsWith('/') ? url.pathname : `${url.pathname}/`}v1/${signal}`
  return url.href
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
}

function tlsFromEnv(read: EnvReader, own: string): OtlpExporterOptions['tls'] {
  const ca = fileOf('CERTIFICATE', read, own)
  const cert = fileOf('CLIENT_CERTIFICATE', read, own)
  const key = fileOf('CLIENT_KEY', read, own)
  if (ca === undefined && cert === undefined && key === undefined) return undefined
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  }
}

/** The text of the PEM file that a variable names; one that cannot be read is told and left out. */
function fileOf(what: string, read: EnvReader, signal: string): string | undefined {
  const own = `${signal}_${what}`
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
