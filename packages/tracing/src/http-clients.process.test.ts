import { once } from 'node:events'
import {
  Agent,
  ClientRequest,
  createServer,
  get,
  type IncomingMessage,
  type RequestOptions,
  request,
  type Server,
  type ServerResponse,
} from 'node:http'
import { type AddressInfo, createServer as createNetServer } from 'node:net'
import {
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type TextMapSetter,
} from '@opentelemetry/api'
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { createDiagnostics, installContext, untraced } from '@triscope/core'
import axios from 'axios'
import got from 'got'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { publishesCreated } from './http-request-hook.ts'
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
  expect(diagnostics.snapshot().filter(({ name }) => name.includes('failures'))).toEqual([])
})

const clientSpans = () => memory.getFinishedSpans().filter(({ kind }) => kind === SpanKind.CLIENT)

async function until(what: string, condition: () => boolean): Promise<void> {
  const endMs = performance.now() + 5_000
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`waited in vain for ${what}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Sends one request by hand, and reads the answer. */
async function send(options: RequestOptions = {}, body?: string): Promise<string> {
  const sent = request(origin, options)
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  return await textOf(response)
}

async function textOf(stream: AsyncIterable<unknown>): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  return text
}

function carried(): string | undefined {
  const { traceId, spanId } = clientSpans()[0]?.spanContext() ?? {}
  return traceId === undefined ? undefined : `00-${traceId}-${spanId}-03`
}

const clients: [string, (path: string) => Promise<string>][] = [
  ['http.request', (path) => send({ path })],
  ['http.get', (path) => new Promise((resolve) => get(origin + path, (res) => resolve(textOf(res))))],
  ['axios', async (path) => (await axios.get<string>(origin + path, { responseType: 'text' })).data],
  ['got', (path) => got(origin + path).text()],
]

describe.each(clients)('a call by %s', (_name, call) => {
  it('has a client span below the active one, and carries its trace on', async () => {
    answer = (_req, res) => {
      clock.advance(250)
      res.end('ok')
    }
    expect(await span('work', () => call('/users/42?token=abc&page=2'))).toBe('ok')
    await until('the span', () => clientSpans().length === 1)
    const [client] = clientSpans()
    const work = memory.getFinishedSpans().find(({ name }) => name === 'work')
    expect(client?.name).toBe('GET')
    expect(client?.parentSpanContext?.spanId).toBe(work?.spanContext().spanId)
    expect(client?.attributes).toEqual({
      'http.request.method': 'GET',
      'server.address': '127.0.0.1',
      'server.port': port,
      'url.full': `${origin}/users/42?token=REDACTED&page=2`,
      'http.response.status_code': 200,
    })
    expect(client?.status).toEqual({ code: SpanStatusCode.UNSET })
    expect(seen[0]?.headers['traceparent']).toBe(carried())
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

  it('is one call for each redirect it follows', async () => {
    answer = (req, res) => {
      if (req.url === '/first') res.writeHead(302, { location: '/second' }).end()
      else res.end('ok')
    }
    const follows = _name === 'axios' || _name === 'got'
    await span('work', () => call('/first'))
    await until('the spans', () => clientSpans().length === (follows ? 2 : 1))
    expect(clientSpans().map(({ attributes }) => attributes['http.response.status_code'])).toEqual(
      follows ? [302, 200] : [302],
    )
    const traces = new Set(clientSpans().map((client) => client.spanContext().traceId))
    expect(traces.size).toBe(1)
  })

  it('leaves nothing where it is ours', async () => {
    expect(await untraced(() => call('/export'))).toBe('ok')
    expect(seen[0]?.headers['traceparent']).toBeUndefined()
    expect([clientSpans(), calls]).toEqual([[], []])
  })

  it('ends with the error where nobody listens', async () => {
    const closed = createNetServer().listen(0, '127.0.0.1')
    await once(closed, 'listening')
    const { port: free } = closed.address() as AddressInfo
    closed.close()
    await once(closed, 'close')
    const before = origin
    origin = `http://127.0.0.1:${free}`
    if (_name === 'http.get') {
      const sent = get(origin)
      sent.on('error', () => {})
      await new Promise((resolve) => sent.once('close', resolve))
    } else await expect(_name === 'got' ? got(origin, { retry: { limit: 0 } }) : call('/')).rejects.toThrow()
    origin = before
    await until('the span', () => clientSpans().length === 1)
    expect(clientSpans()[0]?.attributes).toMatchObject({ 'error.type': 'ECONNREFUSED', 'server.port': free })
    expect(clientSpans()[0]?.status.code).toBe(SpanStatusCode.ERROR)
    expect(calls).toHaveLength(1)
  })
})

describe('the headers of a request', () => {
  const forms: [string, RequestOptions, Record<string, string>][] = [
    ['as an object', { headers: { 'x-own': 'a' } }, { 'x-own': 'a' }],
    ['as a flat array', { headers: ['host', 'h', 'x-own', 'a'] as never }, { 'x-own': 'a', host: 'h' }],
    [
      'as pairs',
      {
        headers: [
          ['host', 'h'],
          ['x-own', 'a'],
        ] as never,
      },
      { 'x-own': 'a', host: 'h' },
    ],
    ['without a host', { setHost: false, headers: { host: 'other', 'x-own': 'a' } }, { host: 'other' }],
    ['through an agent that keeps connections', { agent: new Agent({ keepAlive: true }) }, {}],
    ['without an agent', { agent: false }, {}],
  ]

  it.each(forms)('given %s, reach the server with the trace', async (_form, options, expected) => {
    await send(options)
    await until('the span', () => clientSpans().length === 1)
    expect(seen[0]?.headers).toMatchObject({ ...expected, traceparent: carried() })
    ;(options.agent as Agent | undefined)?.destroy?.()
  })

  it('that were flushed before the body carry it too', async () => {
    const sent = request(origin, { method: 'POST' })
    sent.setHeader('x-late', 'a')
    sent.flushHeaders()
    sent.end('body')
    await textOf(((await once(sent, 'response')) as [IncomingMessage])[0])
    await until('the span', () => clientSpans().length === 1)
    expect(seen[0]?.headers).toMatchObject({ 'x-late': 'a', traceparent: carried() })
  })

  it.each([
    ['an object', { expect: '100-continue', 'content-length': 4 }],
    ['an array', ['host', 'h', 'expect', '100-continue', 'content-length', '4'] as never],
  ])('with Expect, as %s, carry it, and the body waits for the word', async (_form, headers) => {
    answer = (req, res) => void req.pipe(res)
    const sent = request(origin, { method: 'POST', headers })
    sent.once('continue', () => sent.end('body'))
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    expect(await textOf(response)).toBe('body')
    await until('the span', () => clientSpans().length === 1)
    expect(seen[0]?.headers).toMatchObject({ expect: '100-continue', traceparent: carried() })
  })

  it.each([
    ['an object', { traceparent: 'own' }],
    ['an array', ['host', 'h', 'TraceParent', 'own'] as never],
  ])('keep the traceparent that the app wrote by hand, as %s', async (_form, headers) => {
    await send({ headers })
    expect(seen[0]?.headers['traceparent']).toBe('own')
  })

  it.each<[string, Record<string, string>]>([
    ['b3', { B3: '0' }],
    ['b3multi', { 'X-B3-TraceId': '4bf92f3577b34da6a3ce929d0e0e4736', 'X-B3-SpanId': '00f067aa0ba902b7' }],
    ['jaeger', { 'Uber-Trace-Id': '1:1:0:1' }],
    ['a propagator of its own', { 'X-Own': 'mine' }],
  ])('keep the trace that the app wrote by hand for %s, and carry no second one', async (name, headers) => {
    const own = {
      fields: () => ['X-Own'],
      extract: (parent: Context) => parent,
      inject: (_parent: Context, carrier: unknown, setter: TextMapSetter) =>
        setter.set(carrier, 'X-Own', 'ours'),
    }
    stop()
    const propagators = [name.includes(' ') ? own : (name as 'b3'), 'tracecontext' as const]
    stop = createTracing({ resource, clock, diagnostics, propagators }).watchClients()
    const flat = ['host', 'h', ...Object.entries(headers).flat()]
    await send({ headers })
    await send({ headers: flat as never })
    await (await fetch(origin, { headers })).text()
    expect(seen).toHaveLength(3)
    const expected = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])
    for (const { headers: sent } of seen) {
      expect(sent).toMatchObject(Object.fromEntries(expected))
      expect(
        Object.keys(sent).filter((one) => /^(?:traceparent|b3|x-b3-.*|uber-.*|x-own)$/.test(one)),
      ).toEqual(expected.map(([lower]) => lower))
    }
    await send()
    expect(Object.keys(seen[3]?.headers ?? {})).toEqual(
      expect.arrayContaining(['traceparent', expected[0]?.[0]]),
    )
  })

  it.each([
    ['an object', { baggage: 'own=1' }],
    ['an array', ['host', 'h', 'Baggage', 'own=1'] as never],
  ])('keep the baggage that the app wrote by hand, as %s', async (_form, headers) => {
    const baggage = propagation.createBaggage({ plan: { value: 'pro' } })
    await installContext().run(propagation.setBaggage(ROOT_CONTEXT, baggage), async () => {
      await send({ headers })
      await (await fetch(origin, { headers: { baggage: 'own=1' } })).text()
    })
    expect(seen.map(({ headers: sent }) => sent['baggage'])).toEqual(['own=1', 'own=1'])
    for (const { headers: sent } of seen) expect(sent['traceparent']).toMatch(/^00-/)
  })

  it('carry baggage to a host of the house, and not to a stranger', async () => {
    const baggage = propagation.createBaggage({ plan: { value: 'pro' } })
    const storage = installContext()
    await storage.run(propagation.setBaggage(ROOT_CONTEXT, baggage), () => send())
    expect(seen[0]?.headers['baggage']).toBe('plan=pro')
    const lookup = (_host: string, _options: unknown, done: (...args: unknown[]) => void) =>
      done(null, [{ address: '127.0.0.1', family: 4 }])
    await storage.run(propagation.setBaggage(ROOT_CONTEXT, baggage), async () => {
      const sent = request({ host: 'example.com', port, lookup: lookup as never, agent: false })
      sent.end()
      await textOf(((await once(sent, 'response')) as [IncomingMessage])[0])
    })
    expect(seen[1]?.headers['traceparent']).toMatch(/^00-/)
    expect(seen[1]?.headers['baggage']).toBeUndefined()
    expect(context.active()).toBe(ROOT_CONTEXT)
  })
})

describe('the end of a call', () => {
  it('comes once for each request on one connection', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    await Promise.all(Array.from({ length: 5 }, () => send({ agent })))
    await until('the spans', () => clientSpans().length === 5)
    expect(new Set(seen.map(({ socket }) => socket.remotePort)).size).toBe(1)
    expect(new Set(seen.map(({ headers }) => headers['traceparent'])).size).toBe(5)
    agent.destroy()
  })

  it('is the last byte of the answer, not its head', async () => {
    let finish = (): void => {}
    answer = (_req, res) => {
      res.write('first')
      finish = () => void res.end('last')
    }
    const sent = request(origin).end()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    clock.advance(100)
    finish()
    await textOf(response)
    await until('the span', () => clientSpans().length === 1)
    expect(calls[0]?.durationMs).toBe(100)
  })

  it('comes where nobody reads the answer', async () => {
    request(origin).end()
    await until('the span', () => clientSpans().length === 1)
    expect(calls[0]?.status).toBe(200)
  })

  it.each<[string, (res: ServerResponse) => void, object]>([
    ['before the answer', (res) => void res.destroy(), { 'error.type': 'ECONNRESET' }],
    [
      'in the middle of the answer',
      (res) => {
        res.write('first')
        setImmediate(() => res.destroy())
      },
      { 'error.type': 'ECONNRESET', 'http.response.status_code': 200 },
    ],
  ])('comes with the error where the server hangs up %s', async (_when, hangUp, expected) => {
    answer = (_req, res) => hangUp(res)
    await expect(send()).rejects.toThrow()
    await until('the span', () => clientSpans().length === 1)
    expect(clientSpans()[0]?.attributes).toMatchObject(expected)
    expect(calls).toHaveLength(1)
  })

  it.each<[string, (sent: ClientRequest) => void, string]>([
    ['aborts', (sent) => sent.abort(), 'ECONNRESET'],
    ['destroys', (sent) => void sent.destroy(), 'ECONNRESET'],
    ['destroys with an error', (sent) => void sent.destroy(new RangeError('enough')), 'RangeError'],
  ])('comes where the app %s the request', async (_how, giveUp, expected) => {
    answer = () => {}
    const sent = request(origin)
    sent.on('error', () => {})
    sent.end()
    await until('the request', () => seen.length === 1)
    giveUp(sent)
    await until('the span', () => clientSpans().length === 1)
    expect(clientSpans()[0]?.attributes['error.type']).toBe(expected)
  })

  it('comes where the app gives up the answer', async () => {
    answer = (_req, res) => void res.write('first')
    const sent = request(origin).end()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    response.destroy()
    await until('the span', () => clientSpans().length === 1)
    expect(clientSpans()[0]?.attributes).toMatchObject({ 'error.type': 'AbortError' })
  })

  it('comes when the protocol changes', async () => {
    server.on('upgrade', (_req, socket) => {
      socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: own\r\n\r\n')
    })
    const sent = request(origin, { headers: { connection: 'upgrade', upgrade: 'own' } }).end()
    const [, socket] = (await once(sent, 'upgrade')) as [unknown, { destroy(): void }]
    socket.destroy()
    await until('the span', () => clientSpans().length === 1)
    expect(clientSpans()[0]?.attributes['http.response.status_code']).toBe(101)
    expect(clientSpans()[0]?.attributes['error.type']).toBeUndefined()
  })

  it('leaves the tunnel to a proxy alone', async () => {
    server.on('connect', (_req, socket) => void socket.end('HTTP/1.1 200 OK\r\n\r\n'))
    const sent = request(origin, { method: 'CONNECT', path: 'example.org:443' }).end()
    const [, socket] = (await once(sent, 'connect')) as [unknown, { destroy(): void }]
    socket.destroy()
    expect(clientSpans()).toEqual([])
  })

  it('comes after the watch has stopped, and nothing begins any more', async () => {
    let finish = (): void => {}
    answer = (_req, res) => {
      finish = () => void res.end('ok')
    }
    const first = send()
    await until('the request', () => seen.length === 1)
    stop()
    finish()
    await first
    await until('the span', () => clientSpans().length === 1)
    answer = (_req, res) => void res.end('ok')
    await send()
    expect(seen[1]?.headers['traceparent']).toBeUndefined()
    expect(clientSpans()).toHaveLength(1)
  })

  it('adds no error listener: an error that nobody hears is thrown as without us', async () => {
    const sent = request(origin)
    expect(sent.listenerCount('error')).toBe(0)
    expect(sent.listenerCount('response')).toBe(0)
    sent.end()
    await textOf(((await once(sent, 'response')) as [IncomingMessage])[0])
  })
})

it('counts a fetch once', async () => {
  await (await fetch(origin)).text()
  await until('the span', () => clientSpans().length === 1)
  expect(calls).toHaveLength(1)
})

it('patches nothing where node has the channel, and leaves nothing patched', () => {
  const patched = () => Object.hasOwn(ClientRequest.prototype, '_storeHeader')
  expect(patched()).toBe(!publishesCreated(process.versions.node))
  const stopSecond = tracing.watchClients()
  stop()
  expect(patched()).toBe(!publishesCreated(process.versions.node))
  stopSecond()
  expect(patched()).toBe(false)
})

it.each([
  ['20.19.0', false],
  ['22.11.0', false],
  ['22.12.0', true],
  ['23.1.0', false],
  ['23.2.0', true],
  ['24.0.0', true],
])('knows whether Node %s publishes the channel', (version, published) => {
  expect(publishesCreated(version)).toBe(published)
})

it('writes whole headers for a raw reader: one empty line, ours before it', async () => {
  const heard: Buffer[] = []
  const raw = createNetServer((socket) => {
    socket.on('data', (chunk) => {
      heard.push(chunk)
      socket.end('HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n')
    })
  }).listen(0, '127.0.0.1')
  await once(raw, 'listening')
  const sent = get({
    port: (raw.address() as AddressInfo).port,
    host: '127.0.0.1',
    headers: ['a', 'b'] as never,
  })
  ;((await once(sent, 'response')) as [IncomingMessage])[0].resume()
  await until('the span', () => clientSpans().length === 1)
  expect(String(Buffer.concat(heard))).toMatch(
    /^GET \/ HTTP\/1\.1\r\na: b\r\n(?:connection: .+\r\n)?traceparent: 00-[0-9a-f-]+\r\n\r\n$/i,
  )
  raw.close()
})
