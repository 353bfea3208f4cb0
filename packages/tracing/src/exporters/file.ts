/** Spans to a file of OTLP JSON lines, one request a line: "OpenTelemetry Protocol File Exporter". */
import { createFileSender, type Delivery } from '@triscope/delivery'
import { createExport, type ExportParts } from './export-parts.ts'
import { createOtlpJson } from './otlp-json.ts'

/** A file, and the full ones beside it: `traces.jsonl.1` is the newest of them. */
export interface FileExporterOptions {
  /** @default 'traces.jsonl' in the working directory */
  path?: string
  /** Bytes of a file beyond which a new one is begun. @default 10485760 (10 MiB) */
  maxBytes?: number
  /** Files that are kept. @default 5 */
  maxFiles?: number
}

/** Throws `TRI_ERR_OPTION` and `TRI_ERR_UNKNOWN_OPTION`. */
export function createFileExport(options: FileExporterOptions, parts: ExportParts): Delivery {
  const toJson = createOtlpJson(parts.resource, parts.scopes)
  return createExport(parts, {
    type: 'otlp_file_exporter',
    sender: createFileSender({ ...options, path: options.path ?? 'traces.jsonl' }),
    frame: (records) => Buffer.from(`${toJson(records)}\n`),
  })
}
