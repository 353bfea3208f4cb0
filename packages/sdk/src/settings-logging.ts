/** The rows of the settings of logging, but for its endpoint. */
import type { LoggingSettings } from './options.ts'
import { given, integer, type Setting, setting } from './setting-kinds.ts'

/** What they are called. */
export type LoggingPath =
  | `logging.${keyof LoggingSettings}`
  | `logging.otlp.${'delayMs' | 'maxRecords' | 'maxBatchRecords'}`

const QUEUE = integer(1, 10_000_000)

export const LOGGING_SETTINGS: Record<LoggingPath, Setting> = {
  'logging.level': setting(
    given('a level of pino'),
    'info',
    'Lines below it are not made: `trace`, `debug`, `info`, `warn`, `error`, `fatal`, `silent`.',
    'LOG_LEVEL',
    'OTEL_LOG_LEVEL',
  ),
  'logging.logger': setting(
    given('a pino logger'),
    'one made here',
    "The app's own pino logger, which gets trace ids and keeps all else.",
  ),
  'logging.pino': setting(given('options of pino'), 'none', 'Passed on to pino.'),
  'logging.destination': setting(given('a stream'), 'standard output', 'Where lines go.'),
  'logging.file': setting(
    given('a path, or an object of options'),
    'none',
    'A file in place of standard output: its path, or with the size and the number at which it starts anew.',
  ),
  'logging.console': setting(
    given('true or false'),
    'false',
    'Writes what is said on `console` as lines too.',
  ),
  'logging.timestamp': setting(
    given('"epoch" or "iso"'),
    'iso, but epoch on a terminal',
    'The form of `time`: milliseconds since 1970, or ISO 8601 in UTC.',
  ),
  'logging.format': setting(
    given('"pino", "ecs", "gcp", "logfmt" or "pretty"'),
    'pino; pretty on a terminal outside production',
    'How lines are written.',
  ),
  'logging.fields': setting(
    given('names of fields'),
    'trace_id, span_id, trace_flags',
    'What the fields of the trace ids are called.',
  ),
  'logging.sync': setting(
    given('true or false'),
    'false; true with `flushAtExit: false`',
    'Whether each line is written before the call returns.',
  ),
  'logging.access': setting(
    given('"all", "errors", "off" or an object of options'),
    'all',
    'Which requests have an access line: all, those that are not at level info, or none; `{ sample: 0.1 }` of those at info a part, by trace.',
  ),
  'logging.service': setting(given('some text'), 'that of `service`', 'Written as `service` on each line.'),
  'logging.otlp': setting(
    given('true, false, or an object of options'),
    'false',
    'Sends each line to an OTLP endpoint as well; the variable says `otlp`.',
    'OTEL_LOGS_EXPORTER',
  ),
  'logging.otlp.delayMs': setting(
    integer(0, 3_600_000),
    '1000',
    'Milliseconds that the first line of a batch waits for others.',
    'OTEL_BLRP_SCHEDULE_DELAY',
  ),
  'logging.otlp.maxRecords': setting(
    QUEUE,
    '2048',
    'Lines held; beyond, they are dropped and counted.',
    'OTEL_BLRP_MAX_QUEUE_SIZE',
  ),
  'logging.otlp.maxBatchRecords': setting(
    QUEUE,
    '512',
    'Lines in one request.',
    'OTEL_BLRP_MAX_EXPORT_BATCH_SIZE',
  ),
}
