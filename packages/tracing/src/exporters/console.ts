/** Spans on the console, for development: one waterfall for each trace. */
import type { Writable } from 'node:stream'
import { rejectOption, rejectUnknownKeys } from '@triscope/core'
import { createStreamSender, type Delivery } from '@triscope/delivery'
import { createExport, type ExportParts } from './export-parts.ts'
import { waterfallOf } from './waterfall.ts'

/** Where to. */
export interface ConsoleExporterOptions {
  /** @default `process.stdout` */
  stream?: Writable
}

/** A trace is shown as a whole where its spans end within this time of each other. */
const DELAY_MS = 500

/** Throws `TRI_ERR_OPTION` and `TRI_ERR_UNKNOWN_OPTION`. */
export function createConsoleExport(options: ConsoleExporterOptions, parts: ExportParts): Delivery {
  rejectUnknownKeys('tracing.exporter.console', options, ['stream'])
  const { stream = process.stdout } = options
  if (typeof (stream as Partial<Writable>).write !== 'function') {
    rejectOption('tracing.exporter.console.stream', 'a writable stream', stream)
  }
  return createExport(parts, {
    type: 'console_exporter',
    sender: createStreamSender(stream, stream === process.stdout ? 'stdout' : 'the stream', parts.clock),
    frame: (records) => Buffer.from(waterfallOf(records)),
    delayMs: DELAY_MS,
  })
}
