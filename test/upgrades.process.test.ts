/** WebSockets beside Express and Fastify, which hear nothing of them: each is one request of status 101, whoever tells it. */
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { triscope as onExpress } from '@triscope/express'
import { triscope as onFastify } from '@triscope/fastify'
import { triscope as onServer } from '@triscope/http'
import { activeSpan, type Telemetry } from '@triscope/sdk'
import { type RecordedTelemetry, recordTelemetry } from '@triscope/testing/telemetry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { root } from './source-bundle.ts'

const of = (room: string) => createRequire(join(root, 'packages', room, 'package.json'))
const express = of('express')('express') as () => RequestListener & {
  listen(port: number, host: string): Server
  get(path: string, handler: RequestListener): void
}
const fastify = of('fastify')('fastify') as (options?: object) => {
  readonly server: Server
  get(path: string, handler: () => unknown): void
  listen(where: object): Promise<string>
  register(...given: unknown[]): unknown
  addHook(...given: unknown[]): unknown
  decorateRequest(...given: unknown[]): unknown
}

interface Socket {
  on(event: string, listener: () => void): void
  close(): void
}
const { WebSocket, WebSocketServer } = of('http')('ws') as {
  WebSocket: new (url: string) => Socket & { once(event: string, listener: () => void): void }
  WebSocketServer: new (options: object) => Socket
}

let recorded: RecordedTelemetry
let server: Server | undefined
let seen: (string | undefined)[]

beforeEach(() => {
  recorded = recordTelemetry({ tracing: { outbound: false } })
  seen = []
})

afterEach(async () => {
  const closed = new Promise((resolve) => server?.close(resolve))
  server?.closeAllConnections()
  await closed
  await recorded.close()
})

async function opened(): Promise<void> {
  const { port } = (server as Server).address() as AddressInfo
  const client = new WebSocket(`ws://127.0.0.1:${port}/chat`)
  await once(client as never, 'open')
  client.close()
  await once(client as never, 'close')
}

/** Serves WebSockets on `made`. */
function serving(made: Server): void {
  server = made
  new WebSocketServer({ server: made }).on('connection', () => {
    seen.push(activeSpan()?.spanContext().traceId)
  })
}

const statuses = () => recorded.spans.map(({ attributes }) => attributes['http.response.status_code'])

async function expectOneUpgrade(): Promise<void> {
  expect(statuses()).toEqual([101])
  expect(recorded.lines.filter(({ msg }) => msg === 'request')).toMatchObject([{ status: 101 }])
  const metrics = await recorded.metrics()
  expect(metrics.match(/^http_server_request_duration_seconds_count\{.*?\} 1$/gm)).toHaveLength(1)
  expect(metrics).toMatch(/^http_server_active_requests\{.*?\} 0$/m)
  expect(seen).toEqual([recorded.spans[0]?.spanContext().traceId])
}

function expressApp(telemetry: Telemetry): ReturnType<typeof express> {
  const app = express()
  onExpress(app as never, telemetry)
  app.get('/x', (_req, res) => void res.end('ok'))
  return app
}

describe('a WebSocket beside an app of Express', () => {
  it('is told from the first on, where the app made the server', async () => {
    serving(expressApp(recorded.telemetry).listen(0, '127.0.0.1'))
    await once(server as Server, 'listening')
    await opened()
    await expectOneUpgrade()
  })

  it('is told after the first request, where the server was made for the app, and served before', async () => {
    serving(createServer(expressApp(recorded.telemetry)).listen(0, '127.0.0.1'))
    await once(server as Server, 'listening')
    await opened()
    expect([seen, statuses()]).toEqual([[undefined], []])
    const { port } = (server as Server).address() as AddressInfo
    for (let i = 0; i < 2; i++) await (await fetch(`http://127.0.0.1:${port}/x`)).text()
    await opened()
    expect(statuses()).toEqual([200, 200, 101])
    expect(seen[1]).toBe(recorded.spans[2]?.spanContext().traceId)
  })

  it.each(['before', 'after'])('is told once, where triscope(server) came %s the app', async (when) => {
    const made = createServer()
    if (when === 'before') onServer(made, recorded.telemetry)
    const app = expressApp(recorded.telemetry)
    made.on('request', app)
    serving(made.listen(0, '127.0.0.1'))
    await once(made, 'listening')
    const { port } = made.address() as AddressInfo
    await (await fetch(`http://127.0.0.1:${port}/x`)).text()
    if (when === 'after') onServer(made, recorded.telemetry)
    await opened()
    expect(statuses()).toEqual([200, 101])
  })
})

describe('a WebSocket beside an app of Fastify', () => {
  it.each(['none', 'before', 'after'])('is told once, triscope(server) beside it: %s', async (when) => {
    const app = fastify()
    if (when === 'before') onServer(app.server, recorded.telemetry)
    onFastify(app, recorded.telemetry)
    if (when === 'after') onServer(app.server, recorded.telemetry)
    serving(app.server)
    await app.listen({ port: 0, host: '127.0.0.1' })
    await opened()
    await expectOneUpgrade()
  })

  it("has its line in the app's own logger", async () => {
    const lines: Record<string, unknown>[] = []
    const stream = { write: (line: string) => void lines.push(JSON.parse(line)) }
    const app = fastify({ logger: { stream } })
    onFastify(app, recorded.telemetry)
    serving(app.server)
    await app.listen({ port: 0, host: '127.0.0.1' })
    await opened()
    const [span] = recorded.spans
    expect(lines.filter(({ msg }) => msg === 'request')).toMatchObject([
      { status: 101, trace_id: span?.spanContext().traceId },
    ])
  })
})

it('leaves a server as it was that has no listener for upgrades', async () => {
  const app = expressApp(recorded.telemetry)
  server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await (await fetch(`http://127.0.0.1:${port}/x`)).text()
  expect(Object.hasOwn(server, 'emit')).toBe(false)
  expect([server.listenerCount('upgrade'), server.listenerCount('connect')]).toEqual([0, 0])
})

it('leaves one listener on each server of an app that serves several by turns', async () => {
  const app = expressApp(recorded.telemetry)
  server = app.listen(0, '127.0.0.1')
  const second = createServer(app).listen(0, '127.0.0.1')
  const both = [server, second]
  for (const one of both) if (!one.listening) await once(one, 'listening')
  for (let i = 0; i < 6; i++) {
    const { port } = (both[i % 2] as Server).address() as AddressInfo
    await (await fetch(`http://127.0.0.1:${port}/x`)).text()
  }
  expect(both.map((one) => one.listenerCount('newListener'))).toEqual([1, 1])
  second.close()
  second.closeAllConnections()
})
