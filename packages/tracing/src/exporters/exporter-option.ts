/**
 * What `tracing.exporter` may be, and what is made of it: each exporter with a queue, a sender and counters of its own, so
 * that it fails alone.
 */
import type { SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-base'
import { nearest, type Pipeline, rejectOption, rejectUnknownKeys } from '@triscope/core'
import type { Delivery } from '@triscope/delivery'
import type { SpanSink } from '../engine.ts'
import { ForeignExporterProcessor } from '../foreign-exporter.ts'
import { type ConsoleExporterOptions, createConsoleExport } from './console.ts'
import type { ExportParts } from './export-parts.ts'
import { createFileExport, type FileExporterOptions } from './file.ts'
import { createJaegerExport, type JaegerExporterOptions } from './jaeger.ts'
import type { SpanMemory } from './memory.ts'
import { createOtlpExport, type OtlpExporterOptions } from './otlp.ts'
import { createZipkinExport, type ZipkinExporterOptions } from './zipkin.ts'

/** The exporters that have a name. */
export const EXPORTER_NAMES = ['otlp', 'jaeger', 'zipkin', 'console', 'file', 'none'] as const

/** An exporter with all its defaults; `none` is none. */
export type ExporterName = (typeof EXPORTER_NAMES)[number]

/** An exporter by its name, with options of its own. */
export type NamedExporter =
  | { otlp: Omit<OtlpExporterOptions, 'url'> & Partial<Pick<OtlpExporterOptions, 'url'>> }
  | { jaeger: JaegerExporterOptions }
  | { zipkin: ZipkinExporterOptions }
  | { console: ConsoleExporterOptions }
  | { file: FileExporterOptions }

/**
 * Where spans go: a name, a name with options (`{ jaeger: { host: 'agent' } }`), an OTLP endpoint (`{ url }`), a memory
 * of `createSpanMemory()`, or an exporter written for OpenTelemetry.
 */
export type ExporterOption = ExporterName | NamedExporter | OtlpExporterOptions | SpanMemory | SpanExporter

/** What came of the options. */
export interface Exports {
  readonly sinks: readonly SpanSink[]
  readonly pipelines: readonly Pipeline[]
  readonly processors: readonly SpanProcessor[]
}

type Create = (options: never, parts: ExportParts) => Delivery

const CREATE: Readonly<Record<Exclude<ExporterName, 'none'>, Create>> = {
  otlp: createOtlpExport,
  jaeger: createJaegerExport,
  zipkin: createZipkinExport,
  console: createConsoleExport,
  file: createFileExport,
}

const NAMED = Object.keys(CREATE)
const EXPECTED = `one of ${EXPORTER_NAMES.join(', ')}, such a name with options, an OTLP endpoint { url }, or a SpanExporter`

/** Throws `TRI_ERR_OPTION` and `TRI_ERR_UNKNOWN_OPTION`. */
export function createExports(
  option: ExporterOption | readonly ExporterOption[] | undefined,
  parts: Omit<ExportParts, 'place'>,
): Exports {
  const list: readonly unknown[] = option === undefined ? [] : Array.isArray(option) ? option : [option]
  const sinks: SpanSink[] = []
  const pipelines: Pipeline[] = []
  const processors: SpanProcessor[] = []
  for (const [place, each] of list.entries()) {
    if (each === 'none') continue
    if (isMemory(each)) sinks.push((record) => each.keep(record))
    else if (isForeign(each)) {
      processors.push(new ForeignExporterProcessor(each, parts.clock, parts.diagnostics))
    } else {
      const delivery = ownExport(each, { ...parts, place })
      pipelines.push(delivery)
      sinks.push((record, keepLonger) => {
        delivery.offer(record, keepLonger)
      })
    }
  }
  return { sinks, pipelines, processors }
}

function ownExport(given: unknown, parts: ExportParts): Delivery {
  const named = typeof given === 'string' ? { [given]: {} } : given
  if (typeof named !== 'object' || named === null) rejectOption('tracing.exporter', EXPECTED, given)
  if ('url' in named) return createOtlpExport(named as OtlpExporterOptions, parts)
  const [name = '', ...more] = Object.keys(named)
  if (!NAMED.includes(name) && typeof given === 'string') {
    const near = nearest(name, EXPORTER_NAMES)
    rejectOption(
      'tracing.exporter',
      EXPECTED,
      given,
      near === undefined ? undefined : `did you mean "${near}"?`,
    )
  }
  rejectUnknownKeys('tracing.exporter', named, NAMED)
  const options = (named as Record<string, unknown>)[name]
  if (more.length > 0 || typeof options !== 'object' || options === null) {
    rejectOption('tracing.exporter', 'one exporter with its options in each entry of the list', given)
  }
  return CREATE[name as Exclude<ExporterName, 'none'>](options as never, parts)
}

function isForeign(given: unknown): given is SpanExporter {
  return isObject(given) && typeof given['export'] === 'function'
}

function isMemory(given: unknown): given is SpanMemory {
  return isObject(given) && typeof given['keep'] === 'function'
}

function isObject(given: unknown): given is Record<string, unknown> {
  return typeof given === 'object' && given !== null
}
