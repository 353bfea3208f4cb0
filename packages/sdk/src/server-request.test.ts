import { channel } from 'node:diagnostics_channel'
import {
  Agent,
  createServer,
  type IncomingMessage,
  type RequestListener,
  ServerResponse,
  request as send,
} from 'node:http'
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { SpanStatusCode } from '@opentelemetry/api'
import { type RecordedTelemetry, recordTelemetry } from '@triscope/testing/telemetry'
import { afterEach, describe, expect, it } from 'vitest'
import type { ServerRequest, TriscopeOptions } from './index.ts'

type Handler = (req: IncomingMessage, res: ServerResponse, request: ServerRequest | undefined) => void

const closers: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** Records, and serves `handler` in the way an adapter would. */
async function serve(
  handler: Handler,
  options: TriscopeOptions = {},
): Promise<{ url: string; port: number; recorded: RecordedTelemetry }> {
  const recorded = recordTelemetry(options)
  const server = createServer(adapt(recorded, handler))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  closers.push(
    () => recorded.close(),
    () =>
      new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      }),
  )
  return { url: `http://127.0.0.1:${port}`, port, recorded }
}

function adapt({ telemetry }: RecordedTelemetry, handler: Handler): RequestListener {
  return (req, res) => {
    if (telemetry.answer(req, res)) return
    const request = telemetry.beginRequest(req, res)
    if (request === undefined) return handler(req, res, request)
    request.run(() => handler(req, res, request))
  }
}

/** Bounded wait for what happens after the client has its answer. */
async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2_000 && !holds(); turn++) await new Promise((resolve) => setImmediate(resolve))
  expect(holds()).toBe(true)
}

async function get(url: string, headers: Record<string, string> = {}): Promise<Response> {
  const answer = await fetch(url, { headers })
  await answer.clone().arrayBuffer()
  return answer
}

const accessLines = ({ lines }: RecordedTelemetry) => lines.filter((line) => line['msg'] === 'request')
const serverSpans = ({ spans }: RecordedTelemetry) => spans.filter((span) => span.kind === 1)

const PARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

describe('one request', () => {
  it('is one span, one observation and one line, of one trace and one duration', async () => {
    const { url, recorded } = await serve((_, res, request) => {
      request?.route('/users/:id')
      request?.log.info('from the handler')
      res.end('ok')
    })
    await get(`${url}/users/42?token=s3cret&x=1`, { traceparent: PARENT })
    await until(() => accessLines(recorded).length === 1)
    const [span] = serverSpans(recorded)
    expect(serverSpans(recorded)).toHaveLength(1)
    expect(span?.name).toBe('GET /users/:id')
    expect(span?.spanContext().traceId).toBe('4bf92f3577b34da6a3ce929d0e0e4736')
    expect(span?.parentSpanContext?.spanId).toBe('00f067aa0ba902b7')
    expect(span?.attributes).toMatchObject({
      'http.request.method': 'GET',
      'http.route': '/users/:id',
      'http.response.status_code': 200,
      'url.path': '/users/42',
      'url.query': 'token=REDACTED&x=1',
      'url.scheme': 'http',
      'server.address': '127.0.0.1',
      'client.address': '127.0.0.1',
      'network.protocol.version': '1.1',
    })
    expect(span?.status.code).toBe(SpanStatusCode.UNSET)
    const [access] = accessLines(recorded)
    const handler = recorded.lines.find((line) => line['msg'] === 'from the handler')
    for (const line of [access, handler]) {
      expect(line).toMatchObject({
        trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
        span_id: span?.spanContext().spanId,
      })
    }
    expect(access).toMatchObject({
      level: 30,
      method: 'GET',
      route: '/users/:id',
      path: '/users/42',
      status: 200,
    })
    const [seconds = 0, nanos = 0] = span?.duration ?? []
    const text = await recorded.metrics()
    const sum = Number(/^http_server_request_duration_seconds_sum\{.*\} (\S+)$/m.exec(text)?.[1])
    expect(Math.abs(sum - seconds - nanos / 1e9)).toBeLessThan(1e-6)
    expect(Math.abs(Number(access?.['duration_ms']) - sum * 1000)).toBeLessThan(1e-2)
    expect(text).toMatch(
      /^http_server_request_duration_seconds_bucket\{[^}]*http_route="\/users\/:id"[^}]*\} 1 # \{trace_id="4bf92f3577b34da6a3ce929d0e0e4736",span_id="[0-9a-f]{16}"\} /m,
    )
    expect(text).toMatch(/^http_server_active_requests\{[^}]*\} 0$/m)
  })

  it('reports the error, its type and an exception event, and a level of error', async () => {
    const seen: unknown[] = []
    const failure = new RangeError('too far')
    const { url, recorded } = await serve(
      (_, res, request) => {
        request?.route('/fail')
        request?.error(failure)
        request?.error(new Error('second'))
        res.writeHead(500).end()
      },
      {
        onError: (error) => {
          seen.push(error)
          throw new Error('the hook of the app is broken')
        },
      },
    )
    await get(`${url}/fail`)
    await until(() => accessLines(recorded).length === 1)
    const [span] = serverSpans(recorded)
    expect(span?.status.code).toBe(SpanStatusCode.ERROR)
    expect(span?.attributes['error.type']).toBe('RangeError')
    expect(span?.events.map((event) => event.attributes?.['exception.message'])).toEqual(['too far'])
    expect(accessLines(recorded)[0]).toMatchObject({ level: 50, status: 500 })
    expect(await recorded.metrics()).toContain('error_type="RangeError"')
    expect(seen).toEqual([failure])
    expect(recorded.warnings.map(({ code }) => code)).toEqual(['TRI_WARN_HOOK'])
  })

  it('takes a status of 500 without an error for its own type, and leaves 4xx without one', async () => {
    const { url, recorded } = await serve((req, res) => res.writeHead(Number(req.url?.slice(1))).end())
    await get(`${url}/503`)
    await get(`${url}/404`)
    await until(() => accessLines(recorded).length === 2)
    expect(serverSpans(recorded).map((span) => [span.attributes['error.type'], span.status.code])).toEqual([
      ['503', SpanStatusCode.ERROR],
      [undefined, SpanStatusCode.UNSET],
    ])
    expect(accessLines(recorded).map((line) => line['level'])).toEqual([50, 40])
    // What no route matched is one value, whatever the path was.
    expect(serverSpans(recorded).map((span) => span.name)).toEqual(['GET', 'GET'])
    const text = await recorded.metrics()
    expect(text).toContain('http_route="(unmatched)"')
    expect(text).not.toContain('/404')
  })

  it('counts a client that goes away as aborted, without a status', async () => {
    let arrived = false
    const { port, recorded } = await serve((_, __, request) => {
      request?.route('/slow')
      arrived = true
    })
    const client = send({ port, path: '/slow' }).on('error', () => {})
    client.end()
    await until(() => arrived)
    expect(await recorded.metrics()).toMatch(/^http_server_active_requests\{[^}]*\} 1$/m)
    client.destroy()
    await until(() => accessLines(recorded).length === 1)
    const [span] = serverSpans(recorded)
    expect(span?.attributes['error.type']).toBe('aborted')
    expect(span?.attributes['http.response.status_code']).toBeUndefined()
    expect(accessLines(recorded)[0]).not.toHaveProperty('status')
    const text = await recorded.metrics()
    expect(text).toMatch(/^http_server_request_duration_seconds_count\{[^}]*error_type="aborted"[^}]*\} 1$/m)
    expect(text).toMatch(/^http_server_active_requests\{[^}]*\} 0$/m)
  })

  it('ends pipelined requests whose socket dies, each once', async () => {
    const waiting: ServerResponse[] = []
    const { port, recorded } = await serve((_, res) => void waiting.push(res))
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write('GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n')
    await until(() => waiting.length === 2)
    socket.destroy()
    await until(() => accessLines(recorded).length === 2)
    for (const res of waiting) res.end('late')
    await new Promise((resolve) => setImmediate(resolve))
    expect(serverSpans(recorded).map((span) => span.attributes['error.type'])).toEqual(['aborted', 'aborted'])
    expect(await recorded.metrics()).toMatch(/^http_server_active_requests\{[^}]*\} 0$/m)
  })

  it('ends each request of a connection that is kept alive', async () => {
    const { port, recorded } = await serve((_, res) => res.end('ok'))
    const socket = connect(port, '127.0.0.1')
    let answers = ''
    socket.on('data', (data) => (answers += data.toString()))
    for (let i = 1; i <= 3; i++) {
      socket.write(`GET /${i} HTTP/1.1\r\nHost: x\r\n\r\n`)
      await until(() => answers.split('HTTP/1.1 200').length === i + 1)
    }
    await until(() => accessLines(recorded).length === 3)
    socket.destroy()
    await new Promise((resolve) => setImmediate(resolve))
    expect(serverSpans(recorded)).toHaveLength(3)
  })

  it('tells HTTP/2 requests that were answered from those that were reset', async () => {
    const recorded = recordTelemetry()
    let hang: (() => void) | undefined
    const server = createHttp2Server((req, res) => {
      const request = recorded.telemetry.beginRequest(req, res)
      request?.route(req.url)
      if (req.url === '/ok') res.end('ok')
      else hang?.()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    closers.push(
      () => recorded.close(),
      () => new Promise((resolve) => server.close(resolve)),
      async () => session.destroy(),
    )
    await new Promise<void>((resolve) =>
      session.request({ ':path': '/ok' }).on('close', resolve).resume().end(),
    )
    const arrived = new Promise<void>((resolve) => {
      hang = resolve
    })
    const stream = session.request({ ':path': '/hang' })
    stream.on('error', () => {})
    await arrived
    stream.close(8)
    await until(() => accessLines(recorded).length === 2)
    expect(serverSpans(recorded).map((span) => [span.name, span.attributes['error.type']])).toEqual([
      ['GET /ok', undefined],
      ['GET /hang', 'aborted'],
    ])
  })

  it('gives one bounded method for all that are made up', async () => {
    const { port, recorded } = await serve((_, res) => res.end())
    await new Promise<void>((resolve) => {
      send({ port, method: 'PROPFIND' }, (res) => res.resume().on('end', resolve)).end()
    })
    await until(() => accessLines(recorded).length === 1)
    const [span] = serverSpans(recorded)
    expect(span?.name).toBe('HTTP')
    expect(span?.attributes).toMatchObject({
      'http.request.method': '_OTHER',
      'http.request.method_original': 'PROPFIND',
    })
    expect(await recorded.metrics()).toContain('http_request_method="_OTHER"')
  })

  it('keeps the ids, and makes no exemplar, where the caller did not sample', async () => {
    const { url, recorded } = await serve((_, res) => res.end())
    await get(url, { traceparent: PARENT.replace(/01$/, '00') })
    await until(() => accessLines(recorded).length === 1)
    expect(serverSpans(recorded)).toEqual([])
    expect(accessLines(recorded)[0]).toMatchObject({
      trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
      trace_flags: '00',
    })
    const text = await recorded.metrics()
    expect(text).toMatch(/^http_server_request_duration_seconds_count\{[^}]*\} 1$/m)
    expect(text).not.toMatch(/^http_server_.* # \{/m)
  })

  it('is joined to the calls it makes', async () => {
    // In one process both would watch the same call.
    const inner = await serve((_, res) => res.end('inner'), { tracing: { outbound: false } })
    let caller = ''
    const { url, recorded } = await serve(async (_, res, request) => {
      request?.route('/outer')
      caller = request?.traceId ?? ''
      await (await fetch(`${inner.url}/inner`)).text()
      res.end()
    })
    await get(`${url}/outer`)
    await until(() => accessLines(recorded).length === 1 && accessLines(inner.recorded).length === 1)
    const client = recorded.spans.find((span) => span.kind === 2 && span.spanContext().traceId === caller)
    const [server] = serverSpans(recorded)
    expect(client?.parentSpanContext?.spanId).toBe(server?.spanContext().spanId)
    const [called] = serverSpans(inner.recorded)
    expect(called?.spanContext().traceId).toBe(caller)
    expect(called?.parentSpanContext?.spanId).toBe(client?.spanContext().spanId)
    expect(await recorded.metrics()).toMatch(
      /^http_client_request_duration_seconds_count\{[^}]*server_address="127.0.0.1"[^}]*\} \d/m,
    )
  })

  it('adds the app’s fields to its line, at most 64', async () => {
    const { url, recorded } = await serve((_, res, request) => {
      request?.addFields({ plan: 'pro', token: 's3cret' })
      request?.addFields(Object.fromEntries(Array.from({ length: 100 }, (__, i) => [`f${i}`, i])))
      res.end()
    })
    await get(url)
    await until(() => accessLines(recorded).length === 1)
    const [line = {}] = accessLines(recorded)
    expect(line['plan']).toBe('pro')
    expect(JSON.stringify(line)).not.toContain('s3cret')
    expect(Object.keys(line).filter((key) => /^f\d+$/.test(key))).toHaveLength(62)
    const dropped = recorded.telemetry.diagnostics
      .snapshot()
      .find(({ labels }) => labels['signal'] === 'logs')
    expect(dropped?.value).toBe(38)
  })

  it('writes the histogram, then the span, then the line', async () => {
    const order: string[] = []
    const { url, recorded } = await serve((_, res) => res.end(), {
      tracing: {
        outbound: false,
        processors: [
          {
            onStart() {},
            onEnd() {
              const [request] = recorded.telemetry.registry.usage()
              order.push(`span, after ${request?.series} series of ${request?.metric}`)
            },
            forceFlush: () => Promise.resolve(),
            shutdown: () => Promise.resolve(),
          },
        ],
      },
      logging: { destination: { write: () => void order.push('line') } },
    })
    await get(url)
    await until(() => order.length === 2)
    expect(order).toEqual(['span, after 1 series of http_server_request_duration_seconds', 'line'])
  })

  it('leaves nothing of itself on a connection that is kept alive', async () => {
    const seen: (readonly unknown[])[] = []
    const { port, recorded } = await serve((req, res) => {
      seen.push((req.socket as unknown as Record<symbol, unknown[]>)[Symbol.for('triscope.1.pending')] ?? [])
      res.end('ok')
    })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    for (let i = 0; i < 100; i++) {
      await new Promise<void>((resolve) => {
        send({ port, agent }, (res) => res.resume().on('end', resolve)).end()
      })
    }
    await until(() => accessLines(recorded).length === 100)
    agent.destroy()
    expect(new Set(seen).size).toBe(1)
    expect(seen[0]).toEqual([])
  })

  it('hears what the app adds when its response has finished', async () => {
    const { url, recorded } = await serve((_, res, request) => {
      res.once('finish', () => request?.addFields({ late: true }))
      res.end('ok')
    })
    await get(`${url}/x`)
    await until(() => accessLines(recorded).length === 1)
    expect(accessLines(recorded)[0]).toMatchObject({ late: true })
  })

  it('sees the end of a response that no server made', async () => {
    const recorded = recordTelemetry()
    closers.push(() => recorded.close())
    const server = createServer()
    server.on('upgrade', (req, socket) => {
      Object.assign(req, { upgrade: false })
      const res = new ServerResponse(req)
      res.assignSocket(socket as Socket)
      recorded.telemetry.beginRequest(req, res)
      res.end('ok', () => void res.destroy())
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closers.push(() => new Promise((resolve) => server.close(resolve)))
    const { port } = server.address() as AddressInfo
    const socket = connect(port, '127.0.0.1')
    socket.write('GET /x HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: none\r\n\r\n')
    await until(() => serverSpans(recorded).length === 1)
    socket.destroy()
    expect(serverSpans(recorded)[0]?.attributes['http.response.status_code']).toBe(200)
  })

  it('fault 14: survives malformed messages on http.server.response.finish', async () => {
    const { url, recorded } = await serve((_, res) => void res.end('ok'))
    const finished = channel('http.server.response.finish')
    for (const message of [undefined, null, {}, { socket: null }]) finished.publish(message)
    await get(`${url}/x`)
    await until(() => accessLines(recorded).length === 1)
    expect(finished.hasSubscribers).toBe(true)
  })

  it('ends as aborted where its client left before it was begun', async () => {
    let arrived: (() => void) | undefined
    const left = new Promise<void>((resolve) => {
      arrived = resolve
    })
    const recorded = recordTelemetry()
    const server = createServer((req, res) => {
      req.socket.once('close', () =>
        setImmediate(() => {
          recorded.telemetry.beginRequest(req, res)
          arrived?.()
        }),
      )
      req.socket.destroy()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closers.push(
      () => recorded.close(),
      () => new Promise((resolve) => server.close(resolve)),
    )
    send({ port: (server.address() as AddressInfo).port })
      .on('error', () => {})
      .end()
    await left
    await until(() => accessLines(recorded).length === 1)
    expect(serverSpans(recorded)[0]?.attributes['error.type']).toBe('aborted')
    const text = await recorded.metrics()
    expect(text).toMatch(/^http_server_active_requests\{[^}]*\} 0$/m)
    // Ended outside of every context: the exemplar is the request's own span all the same.
    expect(text).toContain(` # {trace_id="${serverSpans(recorded)[0]?.spanContext().traceId}"`)
  })

  it('keeps https apart from http', async () => {
    const { url, recorded } = await serve((_, res) => res.end())
    await get(url)
    const secure = {
      method: 'GET',
      url: '/',
      headers: {},
      httpVersion: '1.1',
      socket: { encrypted: true },
    } as unknown
    const request = recorded.telemetry.beginRequest(
      secure as IncomingMessage,
      new ServerResponse(secure as IncomingMessage),
    )
    request?.end(200)
    await until(() => accessLines(recorded).length === 2)
    const counts = [
      ...(await recorded.metrics()).matchAll(
        /^http_server_request_duration_seconds_count\{.*url_scheme="(\w+)".*\} (\d)$/gm,
      ),
    ]
    expect(counts.map(([, scheme, count]) => [scheme, count])).toEqual([
      ['http', '1'],
      ['https', '1'],
    ])
  })

  it('shows no credentials of a target in absolute form', async () => {
    const { port, recorded } = await serve((_, res) => res.end())
    const socket = connect(port, '127.0.0.1')
    socket.write(
      'GET http://user:s3cret@evil/users/1?a=1&token=s3cret HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    )
    socket.resume()
    await until(() => accessLines(recorded).length === 1)
    expect(serverSpans(recorded)[0]?.attributes).toMatchObject({
      'url.path': '/users/1',
      'url.query': 'a=1&token=REDACTED',
    })
    expect(JSON.stringify([serverSpans(recorded)[0]?.attributes, recorded.lines])).not.toContain('s3cret')
  })

  it('outlives hooks that reject, and an ignore that is async hides nothing', async () => {
    const { url, recorded } = await serve(
      (_, res, request) => {
        request?.error(new Error('x'))
        res.writeHead(500).end()
      },
      {
        onError: () => Promise.reject(new Error('the tracker is down')),
        ignore: (async () => Promise.reject(new Error('async'))) as unknown as (
          method: string,
          path: string,
        ) => boolean,
      },
    )
    await get(url)
    await until(() => accessLines(recorded).length === 1)
    await new Promise((resolve) => setImmediate(resolve))
    const failures = recorded.telemetry.diagnostics
      .snapshot()
      .find(({ labels }) => labels['code'] === 'TRI_WARN_HOOK')
    expect(failures?.value).toBe(2)
  })

  it('is never a scrape, whatever the app wants ignored', async () => {
    const { url, recorded } = await serve((_, res) => res.end(), { ignore: ['/other'] })
    expect(await (await get(`${url}/metrics`)).text()).toContain('target_info')
    const req = { method: 'GET', url: '/metrics?x', headers: {} } as IncomingMessage
    expect(recorded.telemetry.owns(req)).toBe(true)
    expect(recorded.telemetry.beginRequest(req, new ServerResponse(req))).toBeUndefined()
    expect(serverSpans(recorded)).toEqual([])
  })

  it('is begun once, however many adapters see it', async () => {
    const { url, recorded } = await serve((req, res) => {
      expect(recorded.telemetry.beginRequest(req, res)).toBeUndefined()
      expect(recorded.telemetry.requestOf(req)).toBeDefined()
      res.end()
    })
    await get(url)
    await until(() => accessLines(recorded).length === 1)
    expect(serverSpans(recorded)).toHaveLength(1)
  })
})

describe('what is switched off', () => {
  it('leaves no ids in lines without tracing', async () => {
    const { url, recorded } = await serve((_, res, request) => res.end(request?.traceId), { tracing: false })
    expect(await (await get(url)).text()).toBe('0'.repeat(32))
    await until(() => accessLines(recorded).length === 1)
    expect(accessLines(recorded)[0]).not.toHaveProperty('trace_id')
    expect(await recorded.metrics()).toMatch(/^http_server_request_duration_seconds_count/m)
  })

  it('serves and counts nothing without metrics, and spans and lines go on', async () => {
    const { url, recorded } = await serve((_, res) => res.writeHead(404).end(), {
      metrics: false,
      ignore: [],
    })
    expect((await get(`${url}/metrics`)).status).toBe(404)
    await until(() => accessLines(recorded).length === 1)
    expect(serverSpans(recorded)).toHaveLength(1)
  })

  it('keeps a silent logger without logging', async () => {
    const { url, recorded } = await serve(
      (_, res, request) => {
        request?.log.info('unheard')
        res.end()
      },
      { logging: false },
    )
    await get(url)
    await until(() => serverSpans(recorded).length === 1)
    expect(recorded.lines).toEqual([])
  })

  it('does nothing at all where OTEL_SDK_DISABLED is true, whatever the code says', async () => {
    const { url, recorded } = await serve(
      (_, res, request) => res.end(request === undefined ? 'not begun' : 'begun'),
      { env: { OTEL_SDK_DISABLED: 'true' }, enabled: true },
    )
    expect(await (await get(`${url}/metrics`)).text()).toBe('not begun')
    expect(recorded.spans).toEqual([])
    recorded.telemetry.inertRequest.addFields({ a: 1 })
    expect(recorded.telemetry.inertRequest.span.isRecording()).toBe(false)
  })

  it.each<[TriscopeOptions['ignore'], string, boolean]>([
    [undefined, '/livez?x', true],
    [undefined, '/other', false],
    [['/other', /^\/static\//g], '/static/a', true],
    [['/other'], '/livez', false],
    [(method, path) => method === 'GET' && path === '/mine', '/mine', true],
    [
      () => {
        throw new Error('broken')
      },
      '/x',
      false,
    ],
  ])('ignores by %s the path %s: %s', async (ignore, path, ignored) => {
    const { url, recorded } = await serve(
      (_, res, request) => res.end(String(request === undefined)),
      ignore === undefined ? { health: false } : { ignore, health: false },
    )
    for (let i = 0; i < 2; i++) expect(await (await get(url + path)).text()).toBe(String(ignored))
    await until(() => accessLines(recorded).length === (ignored ? 0 : 2))
  })
})

it('ends what is begun after its client has left: an upgrade, and a request that waited for its turn', async () => {
  const recorded = recordTelemetry()
  const { telemetry } = recorded
  let arrived = 0
  const late = (req: IncomingMessage, res: ServerResponse | undefined): void => {
    arrived++
    req.socket.once('close', () => setImmediate(() => telemetry.beginRequest(req, res)))
  }
  const server = createServer(late).on('upgrade', (req, socket) => {
    socket.resume().on('end', () => socket.destroy())
    late(req, undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(
    () => recorded.close(),
    () => new Promise((resolve) => server.close(resolve)),
  )
  const { port } = server.address() as AddressInfo
  const get = 'GET / HTTP/1.1\r\nHost: a\r\n'
  for (const sent of [`${get}\r\n${get}\r\n`, `${get}Connection: Upgrade\r\nUpgrade: own\r\n\r\n`]) {
    const before = arrived
    const client = connect(port, '127.0.0.1')
    client.write(sent)
    await until(() => arrived > before)
    client.destroy()
  }
  await until(() => accessLines(recorded).length === arrived && arrived === 3)
  expect(serverSpans(recorded).map(({ attributes }) => attributes['error.type'])).toEqual(
    Array.from({ length: 3 }, () => 'aborted'),
  )
  expect(await recorded.metrics()).toMatch(/^http_server_active_requests\{.*\} 0$/m)
})
