/** A Fastify app with its telemetry recorded, whose own logger writes into memory too. */
import { Writable } from 'node:stream'
import { type RecordedTelemetry, recordTelemetry } from '@triscope/testing/telemetry'
import type { FastifyInstance, FastifyServerOptions, fastify } from 'fastify'

export type RecordedSpan = RecordedTelemetry['spans'][number]
export type Line = Readonly<Record<string, unknown>>

export class RecordedApp {
  /** Without client spans: it is the test that fetches. */
  readonly recorded: RecordedTelemetry = recordTelemetry({ tracing: { outbound: false } })
  readonly app: FastifyInstance
  /** Lines of the app's own logger. */
  readonly own: Line[] = []
  url = ''

  /** @param logger whether Fastify has a logger of its own */
  constructor(make: typeof fastify, logger: boolean, options: FastifyServerOptions = {}) {
    const stream = new Writable({
      write: (chunk, _encoding, done) => {
        this.own.push(JSON.parse(String(chunk)) as Line)
        done()
      },
    })
    this.app = make({ ...options, ...(logger ? { logger: { level: 'info', stream } } : {}) })
  }

  async listen(): Promise<this> {
    this.url = await this.app.listen({ port: 0, host: '127.0.0.1' })
    return this
  }

  async send(path: string, init?: RequestInit): Promise<{ status: number; text: string }> {
    const response = await fetch(this.url + path, init)
    return { status: response.status, text: await response.text() }
  }

  /** Sends one request; its span, once it has ended, and the access lines it left. */
  async ask(
    path: string,
    init?: RequestInit,
  ): Promise<{ status: number; text: string; span: RecordedSpan; route: unknown; access: Line[] }> {
    this.clear()
    const answer = await this.send(path, init)
    const [span] = await this.spans(1)
    if (span === undefined) throw new Error('unreachable: one span was waited for')
    return { ...answer, span, route: span.attributes['http.route'], access: this.access() }
  }

  access(): Line[] {
    return [...this.recorded.lines, ...this.own].filter(({ msg }) => msg === 'request')
  }

  /** The server spans since the last `clear`, once there are `count`. */
  async spans(count: number): Promise<RecordedSpan[]> {
    await this.until(`${count} spans`, () => this.serverSpans().length >= count)
    return this.serverSpans()
  }

  serverSpans(): RecordedSpan[] {
    return this.recorded.spans.filter(({ kind }) => kind === 1)
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    const endMs = performance.now() + 5_000
    while (!condition()) {
      if (performance.now() > endMs) throw new Error(`waited in vain for ${what}`)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  clear(): void {
    this.recorded.clear()
    this.own.length = 0
  }

  async close(): Promise<void> {
    this.app.server.closeAllConnections()
    await this.app.close()
    await this.recorded.close()
  }
}
