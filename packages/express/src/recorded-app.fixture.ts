/** An Express app with its telemetry recorded, and one request after another sent to it. */
import type { AddressInfo } from 'node:net'
import { type RecordedTelemetry, recordTelemetry } from '@triscope/testing/telemetry'
import type express from 'express'

export type RecordedSpan = RecordedTelemetry['spans'][number]

export interface Asked {
  status: number
  text: string
  /** Of the server span. */
  route: unknown
  span: RecordedSpan
  line: Readonly<Record<string, unknown>>
}

export class RecordedApp {
  /** Without client spans: it is the test that fetches. */
  readonly recorded: RecordedTelemetry = recordTelemetry({ tracing: { outbound: false } })
  readonly app: express.Express
  url = ''
  #close: () => Promise<void> = () => Promise.resolve()

  constructor(make: typeof express) {
    this.app = make()
    // Express prints what it answers 500 to, but not in tests.
    this.app.set('env', 'test')
  }

  async listen(): Promise<this> {
    const server = this.app.listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    this.#close = () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    return this
  }

  /** Sends one request, and waits for the span and the line it leaves. */
  async ask(path: string, init?: RequestInit): Promise<Asked> {
    this.recorded.clear()
    const { status, text } = await this.send(path, init)
    const [span] = await this.spans(1)
    if (span === undefined) throw new Error('unreachable: one span was waited for')
    const line = this.recorded.lines.find(({ msg }) => msg === 'request') ?? {}
    return { status, text, route: span.attributes['http.route'], span, line }
  }

  async send(path: string, init?: RequestInit): Promise<{ status: number; text: string }> {
    const response = await fetch(this.url + path, { redirect: 'manual', ...init })
    return { status: response.status, text: await response.text() }
  }

  /** The server spans since the last `clear`, once there are `count`. */
  async spans(count: number): Promise<RecordedSpan[]> {
    const endMs = performance.now() + 5_000
    for (;;) {
      const spans = this.recorded.spans.filter(({ kind }) => kind === 1)
      if (spans.length >= count) return spans
      if (performance.now() > endMs) throw new Error(`waited in vain for ${count} spans, saw ${spans.length}`)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  async close(): Promise<void> {
    await this.#close()
    await this.recorded.close()
  }
}
