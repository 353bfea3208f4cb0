/** What an adapter's requests left: spans, lines and series, and how long to wait for them. */
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { untraced } from '@triscope/core'
import type { Telemetry, TriscopeOptions } from '@triscope/sdk'
import { type LogLine, type RecordedTelemetry, recordTelemetry } from './telemetry.ts'

export type SeenSpan = ReadableSpan
export type SeenLine = LogLine

/** One series of the duration of requests. */
export interface Measured {
  labels: Readonly<Record<string, string>>
  count: number
  /** Seconds. */
  sum: number
}

/** `SpanKind`, as numbers: the API's enum is not for comparison across copies. */
const SERVER = 1
const CLIENT = 2
/** Longer than any of this takes on a busy machine; whoever waits so long has found a fault. */
const PATIENCE_MS = 8_000

/** Records all three signals of one app. */
export class Observer {
  readonly #recorded: RecordedTelemetry

  constructor(options: TriscopeOptions = {}) {
    this.#recorded = recordTelemetry(options)
  }

  get telemetry(): Telemetry {
    return this.#recorded.telemetry
  }

  get lines(): readonly SeenLine[] {
    return this.#recorded.lines
  }

  /** The line that tells one request, of each request. */
  accessLines(): SeenLine[] {
    return this.lines.filter((line) => line['msg'] === 'request')
  }

  serverSpans(): SeenSpan[] {
    return this.#recorded.spans.filter(({ kind }) => kind === SERVER)
  }

  clientSpans(): SeenSpan[] {
    return this.#recorded.spans.filter(({ kind }) => kind === CLIENT)
  }

  span(name: string): SeenSpan | undefined {
    return this.#recorded.spans.find((span) => span.name === name)
  }

  metrics(): Promise<string> {
    return this.#recorded.metrics()
  }

  /** Runs `fn` so that the requests it sends leave no client spans: they are the test's, not the app's. */
  untraced<T>(fn: () => T): T {
    return untraced(fn)
  }

  /** Gives way to the event loop until the condition holds. @param what is named when it does not */
  async until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    const endMs = performance.now() + PATIENCE_MS
    while (!(await condition())) {
      if (performance.now() > endMs) {
        const names = this.#recorded.spans.map(({ name }) => name)
        throw new Error(
          `waited in vain for ${what}; spans: ${names.join(', ')}; lines: ${JSON.stringify(this.lines)}`,
        )
      }
      await turn()
    }
  }

  /** Lets what is under way come to its end, so that nothing of one test is seen by the next. */
  async settled(): Promise<void> {
    await this.until('requests to end', async () => activeRequests(await this.metrics()) === 0)
    for (let i = 0; i < 5; i++) await turn()
  }

  clear(): void {
    this.#recorded.clear()
  }

  close(): Promise<void> {
    return this.#recorded.close()
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** The requests in flight, of all methods. @param text OpenMetrics */
export function activeRequests(text: string): number {
  let active = 0
  for (const { value } of samples(text, 'http_server_active_requests')) active += value
  return active
}

/** The series of the duration of requests. @param text OpenMetrics */
export function durations(text: string): Measured[] {
  const sums = new Map<string, number>()
  for (const { labels, value } of samples(text, 'http_server_request_duration_seconds_sum')) {
    sums.set(JSON.stringify(labels), value)
  }
  return samples(text, 'http_server_request_duration_seconds_count').map(({ labels, value }) => ({
    labels,
    count: value,
    sum: sums.get(JSON.stringify(labels)) ?? Number.NaN,
  }))
}

/** How many bodies were counted, and their bytes, of all series. @param text OpenMetrics */
export function sizes(text: string): {
  requests: number
  requestBytes: number
  responses: number
  responseBytes: number
} {
  const total = (name: string): number => samples(text, name).reduce((sum, { value }) => sum + value, 0)
  return {
    requests: total('http_server_request_body_size_bytes_count'),
    requestBytes: total('http_server_request_body_size_bytes_sum'),
    responses: total('http_server_response_body_size_bytes_count'),
    responseBytes: total('http_server_response_body_size_bytes_sum'),
  }
}

/** The labels of the exemplars of one route. @param text OpenMetrics */
export function exemplarsOf(text: string, route: string): Record<string, string>[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('http_server_request_duration_seconds_bucket{'))
    .filter((line) => line.includes(`http_route="${route}"`) && line.includes(' # '))
    .map((line) => labelsOf(line.slice(line.indexOf(' # '))))
}

function samples(text: string, name: string): { labels: Record<string, string>; value: number }[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .map((line) => {
      const [sample = ''] = line.split(' # ', 1)
      const end = sample.lastIndexOf('}') + 1 || name.length
      return { labels: labelsOf(sample.slice(0, end)), value: Number(sample.slice(end).trim().split(' ')[0]) }
    })
}

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {}
  for (const [, name = '', value = ''] of text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) labels[name] = value
  return labels
}
