/**
 * Where spans go: `tracing.exporter` over `tracing.endpoint` over `OTEL_TRACES_EXPORTER`, each completed by the variables of
 * its exporter: OpenTelemetry environment variable specification, "Exporter Selection", "Zipkin Exporter"; and of 1.20,
 * "Jaeger Exporter".
 */
import { createRedaction } from '@triscope/core'
import {
  EXPORTER_NAMES,
  type ExporterName,
  type ExporterOption,
  type JaegerExporterOptions,
  type JaegerTransport,
  type OtlpExporterOptions,
  type TracingOptions,
  type ZipkinExporterOptions,
} from '@triscope/tracing'
import { type GivenOtlp, otlpOf } from './otlp-variables.ts'
import type { SettingReader } from './setting-reader.ts'

/** What was said in code about one OTLP endpoint, and about exporters. */
export type GivenExporter = GivenOtlp & { exporter?: TracingOptions['exporter'] }

/** The exporters in force, and where they send to, in words. */
export interface Destination {
  readonly exporter: TracingOptions['exporter']
  /** `undefined` where spans go nowhere. */
  readonly goesTo: string | undefined
}

/** Throws `TRI_ERR_OPTION`. */
export function exporterOf(given: GivenExporter, read: SettingReader): Destination {
  const { exporter, ...otlp } = given
  const complete = (each: ExporterOption): ExporterOption | undefined => completed(each, otlp, read)
  const chosen = (exporter === undefined ? chosenBy(otlp, read) : toList(exporter).map(complete)).filter(
    (each) => each !== undefined,
  )
  const goesTo = chosen.map(wordsOf).join(', ')
  return {
    exporter: chosen.length > 1 ? chosen : chosen[0],
    goesTo: goesTo === '' ? undefined : goesTo,
  }
}

/** An endpoint in code is OTLP's; without one the variable decides, and an endpoint in the environment is enough. */
function chosenBy(otlp: GivenOtlp, read: SettingReader): (ExporterOption | undefined)[] {
  if (otlp.endpoint !== undefined) return [otlpOf(otlp, false, read)]
  const known = EXPORTER_NAMES.filter((name) => name !== 'none')
  const names = read.choices('tracing.exporter', known)
  return names === undefined ? [otlpOf(otlp, false, read)] : names.map((name) => completed(name, otlp, read))
}

/** What is no exporter of ours, or none at all, is for tracing to take or refuse. */
function completed(option: ExporterOption, otlp: GivenOtlp, read: SettingReader): ExporterOption | undefined {
  if (option === 'none') return undefined
  const named = typeof option === 'string' ? { [option]: {} } : option
  if (typeof named !== 'object' || named === null) return option
  if (isNamed(named, 'otlp')) return otlpOf({ ...otlp, ...(named.otlp as GivenOtlp) }, true, read)
  if (isNamed(named, 'jaeger')) return { jaeger: { ...jaegerOf(read), ...named.jaeger } }
  if (isNamed(named, 'zipkin')) return { zipkin: { ...zipkinOf(read), ...named.zipkin } }
  return option
}

function isNamed<N extends ExporterName>(option: object, name: N): option is Record<N, object> {
  return name in option && typeof (option as Record<string, unknown>)[name] === 'object'
}

function toList(exporter: NonNullable<TracingOptions['exporter']>): readonly ExporterOption[] {
  return Array.isArray(exporter) ? (exporter as readonly ExporterOption[]) : [exporter as ExporterOption]
}

const TRANSPORTS: Readonly<Record<string, JaegerTransport>> = {
  'udp/thrift.compact': 'udp-compact',
  'udp/thrift.binary': 'udp-binary',
  'http/thrift.binary': 'http',
}

const JAEGER = 'tracing.exporter.jaeger'

/** `OTEL_EXPORTER_JAEGER_*`; a named endpoint means HTTP. */
function jaegerOf(read: SettingReader): JaegerExporterOptions {
  const protocol = read.choice(`${JAEGER}.transport`, Object.keys(TRANSPORTS))
  const url = read.text(`${JAEGER}.url`)
  const transport = protocol === undefined ? undefined : TRANSPORTS[protocol]
  return filled({
    transport,
    url: transport === undefined || transport === 'http' ? url : undefined,
    host: read.text(`${JAEGER}.host`),
    port: read.integer(`${JAEGER}.port`),
    user: read.text(`${JAEGER}.user`),
    password: read.text(`${JAEGER}.password`),
    timeoutMs: read.integer(`${JAEGER}.timeoutMs`),
  })
}

function zipkinOf(read: SettingReader): ZipkinExporterOptions {
  return filled({
    url: read.text('tracing.exporter.zipkin.url'),
    timeoutMs: read.integer('tracing.exporter.zipkin.timeoutMs'),
  })
}

/** Without the fields that nobody filled. */
function filled<T extends object>(options: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T
}

/** An endpoint may hold credentials, and the banner shows it. */
const redaction = createRedaction()

function wordsOf(option: ExporterOption): string {
  if (typeof option === 'string') return option
  if ('url' in option) return redaction.url((option as OtlpExporterOptions).url)
  if (isNamed(option, 'jaeger')) return jaegerWords(option.jaeger)
  if (isNamed(option, 'zipkin')) {
    return redaction.url((option.zipkin as ZipkinExporterOptions).url ?? 'http://localhost:9411/api/v2/spans')
  }
  if (isNamed(option, 'console')) return 'the console'
  if (isNamed(option, 'file')) return 'a file'
  return 'the exporter given in code'
}

function jaegerWords({ host = 'localhost', port, transport, url }: JaegerExporterOptions): string {
  if (transport === 'http' || url !== undefined) {
    return redaction.url(url ?? 'http://localhost:14268/api/traces')
  }
  return `udp://${host}:${port ?? (transport === 'udp-binary' ? 6832 : 6831)}`
}
