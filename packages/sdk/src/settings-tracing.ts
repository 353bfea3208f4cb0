/** The rows of the settings of tracing, but for its exporters. */
import type { BatchOptions, LimitOptions } from '@triscope/tracing'
import type { TracingSettings } from './options.ts'
import { FLAG, given, integer, isPlain, type Setting, setting } from './setting-kinds.ts'
import type { ExporterPath } from './settings-exporters.ts'

/** What they are called. */
export type TracingPath =
  | Exclude<`tracing.${keyof TracingSettings}`, ExporterPath>
  | `tracing.batch.${keyof BatchOptions}`
  | `tracing.limits.${keyof LimitOptions}`
  | 'tracing.sampler.argument'

const LIMIT = integer(0, 1_000_000)
const QUEUE = integer(1, 10_000_000)

export const TRACING_SETTINGS: Record<TracingPath, Setting> = {
  'tracing.exporter': setting(
    given('an exporter, or a list of them'),
    'otlp where an endpoint is named, else none',
    '`otlp`, `jaeger`, `zipkin`, `console`, `file`, `none`, one with options, an OTLP address, a `SpanExporter`, or a list; in the variable, names.',
    'OTEL_TRACES_EXPORTER',
  ),
  'tracing.outbound': setting(
    FLAG,
    'true',
    'Client spans and trace headers for `fetch`, undici, `node:http` and `node:https`.',
  ),
  'tracing.captureHeaders': setting(
    given(
      'an object of lists of header names, request and response',
      (value) =>
        isPlain(value) && Object.entries(value).every(([side, names]) => isSide(side) && isNames(names)),
    ),
    'none',
    'Headers that are recorded on the server span, `request` and `response`; what is secret in them is replaced.',
  ),
  'tracing.captureQuery': setting(
    given('true, false, or a list of names', (value) => typeof value === 'boolean' || isNames(value)),
    'true',
    'Which parameters of the query are recorded; secret ones are replaced.',
  ),
  'tracing.exposeTrace': setting(
    given(
      'false, "traceresponse" or "server-timing"',
      (value) => value === false || value === 'traceresponse' || value === 'server-timing',
    ),
    'false',
    'Names the trace to the caller in that header of each response.',
  ),
  'tracing.sampler': setting(
    given('a ratio from 0 to 1, settings, or a Sampler'),
    '1: every trace that begins here, and what its caller decided',
    'The part of new traces that is kept, or rules, rates, or a server of Jaeger. In the variable: `always_on`, `always_off`, `traceidratio`, `jaeger_remote`, or one of them after `parentbased_`.',
    'OTEL_TRACES_SAMPLER',
  ),
  'tracing.sampler.argument': setting(
    { takes: 'a number from 0 to 1', min: 0, max: 1 },
    '1',
    'The ratio of a ratio sampler, from 0 to 1; of `jaeger_remote`, `endpoint=…,pollingIntervalMs=…,initialSamplingRate=…`.',
    'OTEL_TRACES_SAMPLER_ARG',
  ),
  'tracing.propagators': setting(
    given('a list of names and propagators'),
    'tracecontext, baggage',
    'In which headers a trace travels: `tracecontext`, `baggage`, `b3`, `b3multi`, `jaeger`, or a `TextMapPropagator`.',
    'OTEL_PROPAGATORS',
  ),
  'tracing.inbound': setting(
    given('"trust", "link" or "ignore"'),
    'trust',
    "What a caller's trace headers are worth; `link` and `ignore` are for services at the edge.",
  ),
  'tracing.baggageHosts': setting(
    given('"internal", "all" or a list of hosts'),
    'internal',
    'Hosts that are told the baggage: those of the same house, all, or a list.',
  ),
  'tracing.processors': setting(
    given('a list of span processors'),
    'none',
    'Processors written for OpenTelemetry.',
  ),
  'tracing.detect': setting(
    given('true, false, or an object of options'),
    'true where NODE_ENV is development, else false',
    'Names spans that are never ended and spans whose context was lost.',
  ),
  'tracing.sender': setting(
    given('"auto", "worker" or "main"'),
    'auto',
    'Where spans are compressed and sent from: a thread of its own where two CPUs may be used, or the main one.',
  ),
  'tracing.batch': setting(given('an object'), 'as below', 'How spans are gathered.'),
  'tracing.batch.delayMs': setting(
    integer(0, 3_600_000),
    '5000',
    'Milliseconds that the first span of a batch waits for others.',
    'OTEL_BSP_SCHEDULE_DELAY',
  ),
  'tracing.batch.maxRecords': setting(
    QUEUE,
    '16384',
    'Spans held; beyond, they are dropped and counted.',
    'OTEL_BSP_MAX_QUEUE_SIZE',
  ),
  'tracing.batch.maxBatchRecords': setting(
    QUEUE,
    '4096',
    'Spans in one request.',
    'OTEL_BSP_MAX_EXPORT_BATCH_SIZE',
  ),
  'tracing.batch.maxBytes': setting(given('a whole number'), '8388608', 'Bytes of spans held.'),
  'tracing.batch.maxBatchBytes': setting(
    given('a whole number'),
    '1048576',
    'Bytes of spans in one request, before compression.',
  ),
  'tracing.batch.retryForMs': setting(
    given('a whole number'),
    '60000',
    'Milliseconds from the first attempt at a batch until the last.',
  ),
  'tracing.limits': setting(given('an object'), 'as below', 'How much one span may hold.'),
  'tracing.limits.attributes': setting(
    LIMIT,
    '128',
    'Attributes of a span, an event, a link.',
    'OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT',
    'OTEL_ATTRIBUTE_COUNT_LIMIT',
  ),
  'tracing.limits.attributeLength': setting(
    LIMIT,
    '65536',
    'Characters of a text.',
    'OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT',
    'OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT',
  ),
  'tracing.limits.arrayLength': setting(LIMIT, '1000', 'Entries of a list.'),
  'tracing.limits.events': setting(LIMIT, '128', 'Events of a span.', 'OTEL_SPAN_EVENT_COUNT_LIMIT'),
  'tracing.limits.links': setting(LIMIT, '128', 'Links of a span.', 'OTEL_SPAN_LINK_COUNT_LIMIT'),
}

function isSide(name: string): boolean {
  return name === 'request' || name === 'response'
}

function isNames(value: unknown): boolean {
  return Array.isArray(value) && value.every((name) => typeof name === 'string' && name !== '')
}
