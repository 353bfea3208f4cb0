/**
 * `OTEL_EXPORTER_OTLP_*` and their `…_TRACES_*` and `…_LOGS_*` forms: OTLP exporter specification, "Configuration
 * Options". The form for a signal wins over the general one.
 */
import { readFileSync } from 'node:fs'
import { messageOf, parseUrl, rejectOption } from '@triscope/core'
import type { OtlpExporterOptions, OtlpProtocol } from '@triscope/tracing'
import type { SettingReader } from './setting-reader.ts'
import type { SettingPath } from './settings.ts'
import type { OtlpPlace } from './settings-exporters.ts'

/** What was said in code. */
export type GivenOtlp = Partial<OtlpExporterOptions> & {
  /** A base URL, as `OTEL_EXPORTER_OTLP_ENDPOINT` is. */
  endpoint?: string | undefined
}

/** What the last part of the address is called. */
const SIGNALS: Readonly<Record<OtlpPlace, string>> = { tracing: 'traces', 'logging.otlp': 'logs' }

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
  read: SettingReader,
  place: OtlpPlace = 'tracing',
): OtlpExporterOptions | undefined {
  const { endpoint, url: whole, ...rest } = given
  const protocol = given.protocol ?? read.choice(`${place}.protocol`, PROTOCOLS) ?? 'http/protobuf'
  const url =
    whole ??
    (endpoint === undefined ? urlFromEnv(protocol, named, read, place) : urlOf(endpoint, protocol, place))
  if (url === undefined) return undefined
  const tls = given.tls ?? tlsFromEnv(read, place)
  return {
    ...rest,
    url,
    protocol,
    headers: given.headers ?? read.headers(`${place}.headers`) ?? {},
    compression: given.compression ?? read.choice(`${place}.compression`, ['gzip', 'none']) ?? 'none',
    timeoutMs: given.timeoutMs ?? read.integer(`${place}.timeoutMs`) ?? 10_000,
    ...(tls === undefined ? {} : { tls }),
  }
}

function urlOf(endpoint: string, protocol: OtlpProtocol, place: OtlpPlace): string {
  if (!isHttpUrl(endpoint)) {
    const example = `for example ${DEFAULT_URLS[protocol]}`
    rejectOption(`${place}.endpoint`, 'an http:// or https:// URL', endpoint, example)
  }
  return signalUrl(endpoint, protocol, place)
}

/** "Endpoint URLs": the signal's own is taken as it is, the general one gets the path; over gRPC there is none. */
function urlFromEnv(
  protocol: OtlpProtocol,
  named: boolean,
  read: SettingReader,
  place: OtlpPlace,
): string | undefined {
  const own = read.text(`${place}.endpoint.own`)
  const given = own ?? read.text(`${place}.endpoint`) ?? (named ? DEFAULT_URLS[protocol] : undefined)
  if (given === undefined) return undefined
  const value = protocol === 'grpc' && !given.includes('://') ? withScheme(given, read, place) : given
  if (!isHttpUrl(value)) {
    read.unsupported(
      own === undefined ? `${place}.endpoint` : `${place}.endpoint.own`,
      value,
      `expected an http:// or https:// URL such as ${DEFAULT_URLS[protocol]}; no ${place === 'logging.otlp' ? 'log lines' : 'spans'} are sent`,
    )
    return undefined
  }
  return own === undefined ? signalUrl(value, protocol, place) : value
}

/** gRPC's own way to name a target is `host:port`; it is secure unless told otherwise. */
function withScheme(target: string, read: SettingReader, place: OtlpPlace): string {
  return `${read.flag(`${place}.insecure`) === true ? 'http' : 'https'}://${target}`
}

function signalUrl(endpoint: string, protocol: OtlpProtocol, place: OtlpPlace): string {
  if (protocol === 'grpc') return endpoint
  const url = new URL(endpoint)
  url.pathname = `${url.pathname.endsWith('/') ? url.pathname : `${url.pathname}/`}v1/${SIGNALS[place]}`
  return url.href
}

function isHttpUrl(text: string): boolean {
  return /^https?:$/.test(parseUrl(text)?.protocol ?? '')
}

function tlsFromEnv(read: SettingReader, place: OtlpPlace): OtlpExporterOptions['tls'] {
  const ca = fileOf(`${place}.tls.ca`, read)
  const cert = fileOf(`${place}.tls.cert`, read)
  const key = fileOf(`${place}.tls.key`, read)
  if (ca === undefined && cert === undefined && key === undefined) return undefined
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  }
}

/** The text of the PEM file that a variable names; one that cannot be read is told and left out. */
function fileOf(setting: SettingPath, read: SettingReader): string | undefined {
  const path = read.text(setting)
  if (path === undefined) return undefined
  try {
    const text = readFileSync(path, 'utf8')
    if (text.includes('-----BEGIN ')) return text
    read.unsupported(setting, path, 'it holds no PEM; going without')
  } catch (error) {
    read.unsupported(setting, path, `it cannot be read (${messageOf(error)}); going without`)
  }
  return undefined
}
