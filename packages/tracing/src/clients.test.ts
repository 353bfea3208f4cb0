import { channel } from 'node:diagnostics_channel'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { createDiagnostics, installContext, untraced } from '@triscope/core'
import { Agent, connect, RetryAgent, request, upgrade } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ClientCall, createTracing, setCurrentTracing, span, type Tracing } from './index.ts'
import { ManualClock, resource } from './tracing.fixture.ts'

let server: Server
let origin: string
let port: number
let answer: (req: IncomingMessage, res: ServerResponse) => void
let seen: IncomingMessage[]
const memory = new InMemorySpanExporter()
const diagnostics = createDiagnostics({ onMessage: () => {} })
const clock = new ManualClock()
let tracing: Tracing
let calls: ClientCall[]
let stop: () => void
let restore: () => void

beforeEach(async () => {
  seen = []
  calls = []
  memory.reset()
  answer = (_, res) => void res.end('ok')
  server = createServer((req, res) => {
    seen.push(req)
    answer(req, res)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
  origin = `http://127.0.0.1:${port}`
  tracing = createTracing({ resource, clock, diagnostics, processors: [new SimpleSpanProcessor(memory)] })
  stop = tracing.watchClients((call) => calls.push(call))
  restore = setCurrentTracing(tracing)
})

afterEach(async () => {
  restore()
  stop()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const clientSpans = () => memory.getFinishedSpans().filter(({ kind }) => kind === SpanKind.CLIENT)

describe.each([
  ['fetch', async (url: string, init?: object) => (await fetch(url, init)).text()],
  ['undici', async (url: string, init?: object) => (await request(url, init)).body.text()],
])('a call by %s', (_, call) => {
  it('has a client span below the active one, and carries its trace on', async () => {
    answer = (_req, res) => {
      clock.advance(250)
      res.end('ok')
    }
    await span('work', () => call(`${origin}/users/42?token=abc&page=2`))
    const [client, work] = memory.getFinishedSpans()
    expect(client?.name).toBe('GET')
    expect(client?.kind).toBe(SpanKind.CLIENT)
    expect(client?.parentSpanContext?.spanId).toBe(work?.spanContext().spanId)
    expect(client?.attributes).toEqual({
      'http.request.method': 'GET',
      'server.address': '127.0.0.1',
      'server.port': port,
      'url.full': `${origin}/users/42?token=REDACTED&page=2`,
      'http.response.status_code': 200,
    })
    expect(client?.status).toEqual({ code: SpanStatusCode.UNSET })
    const { traceId, spanId } = client?.spanContext() ?? {}
    expect(seen[0]?.headers['traceparent']).toBe(`00-${traceId}-${spanId}-03`)
    expect(seen[0]?.url).toBe('/users/42?token=abc&page=2')
    expect(calls).toEqual([
      {
        method: 'GET',
        host: '127.0.0.1',
        port,
        scheme: 'http',
        status: 200,
        durationMs: 250,
        spanContext: client?.spanContext(),
      },
    ])
  })

  it.each([
    [404, 'error'],
    [500, 'error'],
    [399, 'unset'],
  ])('with the answer %s has the status %s', async (status, outcome) => {
    answer = (_req, res) => void res.writeHead(status).end()
    await call(origin)
    const [client] = clientSpans()
    expect(client?.status.code).toBe(outcome === 'error' ? SpanStatusCode.ERROR : SpanStatusCode.UNSET)
    expect(client?.attributes['error.type']).toBe(outcome === 'error' ? String(status) : undefined)
    expect(calls[0]?.status).toBe(status)
    expect(calls[0]?.error).toBeUndefined()
  })

  it('ends once when nobody listens, with the error', async () => {
    const free = createServer()
    await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve))
    const closed = (free.address() as AddressInfo).port
    await new Promise((resolve) => free.close(resolve))
    await expect(call(`http://127.0.0.1:${closed}`)).rejects.toThrow()
    expect(clientSpans()).toHaveLength(1)
    expect(clientSpans()[0]?.attributes['error.type']).toBe('ECONNREFUSED')
    expect(clientSpans()[0]?.status.code).toBe(SpanStatusCode.ERROR)
    expect(calls).toHaveLength(1)
    expect(calls[0]?.status).toBeUndefined()
    expect(calls[0]?.error).toBeInstanceOf(Error)
  })

  it('ends once when it is aborted', async () => {
    const controller = new AbortController()
    answer = () => controller.abort()
    await expect(call(origin, { signal: controller.signal })).rejects.toThrow()
    expect(clientSpans().map(({ attributes }) => attributes['error.type'])).toEqual([
      expect.stringMatching(/^(AbortError|UND_ERR_ABORTED)$/),
    ])
    expect(calls).toHaveLength(1)
  })

  it('ends once when the answer breaks off, keeping its status', async () => {
    answer = (req, res) => {
      res.writeHead(200, { 'content-length': '100' }).write('a', () => req.socket.destroy())
    }
    await expect(call(origin)).rejects.toThrow()
    expect(calls.map(({ status }) => status)).toEqual([200])
    expect(clientSpans()[0]?.status.code).toBe(SpanStatusCode.ERROR)
  })

  it('leaves a traceparent that the app set as it is', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    await call(origin, { headers: { Traceparent: traceparent } })
    expect(seen[0]?.headers['traceparent']).toBe(traceparent)
    expect(clientSpans()).toHaveLength(1)
  })

  it('carries tracestate, and baggage to a host of the house', async () => {
    const parent = tracing.extract({
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      tracestate: 'a=1',
      baggage: 'tenant=x',
    })
    await installContext().run(parent, () => call(origin))
    expect(seen[0]?.headers).toMatchObject({ tracestate: 'a=1', baggage: 'tenant=x' })
    expect(seen[0]?.headers['traceparent']).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-01$/)
  })

  it('carries the decision not to sample, and records nothing', async () => {
    const parent = tracing.extract({ traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00' })
    await installContext().run(parent, () => call(origin))
    expect(seen[0]?.headers['traceparent']).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-00$/)
    expect(clientSpans()).toEqual([])
    expect(calls).toHaveLength(1)
  })

  it('leaves nothing behind when it is untraced, as our own exports are', async () => {
    await untraced(() => call(origin))
    expect(seen[0]?.headers['traceparent']).toBeUndefined()
    expect([memory.getFinishedSpans(), calls]).toEqual([[], []])
  })
})

describe('watchClients', () => {
  it('makes one span per hop of a redirect', async () => {
    answer = (req, res) => {
      if (req.url === '/first') res.writeHead(302, { location: '/second' }).end()
      else res.end('ok')
    }
    await fetch(`${origin}/first`)
    expect(calls.map(({ status }) => status)).toEqual([302, 200])
    const sent = seen.map(({ headers }) => headers['traceparent'])
    expect(new Set(sent).size).toBe(2)
  })

  it('makes one span per attempt of a retry', async () => {
    let times = 0
    answer = (_req, res) => void res.writeHead(times++ === 0 ? 503 : 200).end('ok')
    const dispatcher = new RetryAgent(new Agent(), { minTimeout: 1 })
    await (await request(origin, { dispatcher })).body.text()
    await dispatcher.close()
    expect(calls.map(({ status }) => status)).toEqual([503, 200])
  })

  // Node's own undici publishes nothing when either of these is done: a span for them would never end.
  it.each([
    ['the dispatcher of the process', undefined],
    ['a dispatcher of undici', new Agent()],
  ])('carries the active trace through an upgrade by %s, without a call', async (_, dispatcher) => {
    const asked: (string | undefined)[] = []
    server.on('upgrade', (req, socket) => {
      asked.push(req.headers['traceparent'] as string | undefined)
      socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: raw\r\n\r\n')
    })
    const options = { protocol: 'raw', ...(dispatcher === undefined ? {} : { dispatcher }) }
    const open = async () => (await upgrade(origin, options)).socket.destroy()
    await open()
    await span('work', open)
    const [work] = memory.getFinishedSpans()
    const { traceId, spanId } = work?.spanContext() ?? {}
    expect(asked).toEqual([undefined, `00-${traceId}-${spanId}-03`])
    expect([clientSpans(), calls]).toEqual([[], []])
  })

  it('makes no call of a tunnel', async () => {
    const asked: (string | undefined)[] = []
    server.on('connect', (req, socket) => {
      asked.push(req.headers['traceparent'] as string | undefined)
      socket.end('HTTP/1.1 200 OK\r\n\r\n')
    })
    await span('work', async () => (await connect(origin)).socket.destroy())
    expect(asked).toEqual([undefined])
    expect([clientSpans(), calls]).toEqual([[], []])
  })

  it('folds methods that it does not know', async () => {
    await (await request(origin, { method: 'PURGE' as never })).body.text().catch(() => '')
    expect(clientSpans()[0]?.name).toBe('HTTP')
    expect(clientSpans()[0]?.attributes).toMatchObject({
      'http.request.method': '_OTHER',
      'http.request.method_original': 'PURGE',
    })
  })

  it('sends no baggage to a stranger', () => {
    const added: string[] = []
    const stranger = {
      method: 'GET',
      origin: 'https://example.com',
      path: '/',
      headers: 'accept: */*\r\n',
      addHeader: (name: string) => added.push(name),
    }
    const withBaggage = propagation.setBaggage(ROOT_CONTEXT, propagation.createBaggage({ k: { value: 'v' } }))
    installContext().run(withBaggage, () => channel('undici:request:create').publish({ request: stranger }))
    channel('undici:request:error').publish({ request: stranger, error: new Error('end') })
    expect(added).toEqual(['traceparent'])
    expect(clientSpans()[0]?.attributes).toMatchObject({
      'server.address': 'example.com',
      'server.port': 443,
    })
  })

  it('sees a traceparent in the one string that undici 5 has for headers', () => {
    const added: string[] = []
    const old = {
      method: 'GET',
      origin,
      path: '/',
      headers: 'accept: */*\r\nTraceParent: mine\r\n',
      addHeader: (name: string) => added.push(name),
    }
    channel('undici:request:create').publish({ request: old })
    channel('undici:request:error').publish({ request: old, error: new Error('end') })
    expect(added).toEqual([])
  })

  // What a subscriber throws becomes an uncaught exception of the app.
  it('fault 14: survives malformed messages on undici:request:*, and counts them', async () => {
    const failures = () =>
      diagnostics.snapshot().find(({ labels }) => labels['code'] === 'TRI_ERR_CLIENT_WATCH')?.value ?? 0
    const before = failures()
    const uncaught: unknown[] = []
    const onUncaught = (error: unknown) => void uncaught.push(error)
    process.on('uncaughtException', onUncaught)
    for (const name of ['create', 'headers', 'trailers', 'error']) {
      for (const message of [undefined, {}, { request: null }, { request: 1 }]) {
        channel(`undici:request:${name}`).publish(message as never)
      }
    }
    // Node reports what a subscriber threw on the next tick.
    await new Promise((resolve) => setImmediate(resolve))
    process.off('uncaughtException', onUncaught)
    expect(uncaught).toEqual([])
    expect(failures()).toBeGreaterThan(before)
  })

  it('counts what the hook throws, and the span still ends', async () => {
    const end = tracing.watchClients(() => {
      throw new Error('from the hook')
    })
    expect(await (await fetch(origin)).text()).toBe('ok')
    end()
    const dropped = diagnostics.snapshot().find(({ labels }) => labels['reason'] === 'HOOK_THREW')
    expect(dropped?.value).toBe(1)
    expect(clientSpans().length).toBeGreaterThan(0)
  })

  it('counts what an async hook rejects with, and the process lives', async () => {
    const count = () =>
      diagnostics.snapshot().find(({ labels }) => labels['reason'] === 'HOOK_THREW')?.value ?? 0
    const before = count()
    const end = tracing.watchClients((async () => {
      throw new Error('from the hook')
    }) as () => void)
    expect(await (await fetch(origin)).text()).toBe('ok')
    end()
    await new Promise((resolve) => setImmediate(resolve))
    expect(count()).toBe(before + 1)
  })

  it('holds nothing once stopped, and sees an open call to its end', async () => {
    let finish = () => {}
    const arrived = new Promise<void>((resolve) => {
      answer = (_req, res) => {
        finish = () => void res.end('ok')
        resolve()
      }
    })
    const pending = fetch(origin).then((res) => res.text())
    await arrived
    stop()
    stop()
    expect(channel('undici:request:create').hasSubscribers).toBe(false)
    expect(channel('undici:request:trailers').hasSubscribers).toBe(true)
    finish()
    await pending
    expect(calls).toHaveLength(1)
    expect(channel('undici:request:trailers').hasSubscribers).toBe(false)
    expect(channel('undici:request:error').hasSubscribers).toBe(false)
    expect(channel('undici:request:headers').hasSubscribers).toBe(false)
  })

  it('stops at shutdown', async () => {
    await tracing.shutdown()
    expect(channel('undici:request:create').hasSubscribers).toBe(false)
    await (await fetch(origin)).text()
    expect(seen[0]?.headers['traceparent']).toBeUndefined()
  })
})
