import { EventEmitter, once } from 'node:events'
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http'
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import { type AddressInfo, connect, createServer as createNetServer, type Socket } from 'node:net'
import { activeSpan } from '@triscope/sdk'
import { type RecordedTelemetry, recordTelemetry } from '@triscope/testing/telemetry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { type HttpServer, TriscopeError, triscope } from './index.ts'

let recorded: RecordedTelemetry
const servers: { close(done: () => void): unknown; closeAllConnections?(): void }[] = []

beforeEach(() => {
  recorded = recordTelemetry({ tracing: { outbound: false } })
})

afterEach(async () => {
  for (const server of servers.splice(0)) {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeAllConnections?.()
    await closed
  }
  await recorded.close()
})

async function listening(server: HttpServer): Promise<{ url: string; port: number }> {
  servers.push(server as Server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, port }
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const endMs = performance.now() + 5_000
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`waited in vain for ${what}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** What was told of the one request that was sent. */
async function told(): Promise<{ name: string; status: unknown; line: unknown; active: string | undefined }> {
  await until('a line', () => recorded.lines.some(({ msg }) => msg === 'request'))
  const [span, ...more] = recorded.spans
  expect(more).toEqual([])
  const metrics = await recorded.metrics()
  expect(metrics.match(/^http_server_request_duration_seconds_count\{.*?\} 1$/gm)).toHaveLength(1)
  return {
    name: span?.name ?? '',
    status: span?.attributes['http.response.status_code'],
    line: recorded.lines.find(({ msg }) => msg === 'request')?.['status'],
    active: /^http_server_active_requests\{.*?\} (\d+)$/m.exec(metrics)?.[1],
  }
}

/** Opens a WebSocket that the server is not to accept. */
async function refusedBy(port: number): Promise<void> {
  const client = new WebSocket(`ws://127.0.0.1:${port}/chat`)
  client.on('error', () => {})
  await new Promise((resolve) => client.once('close', resolve))
}

const answers: RequestListener = (_req, res) => void res.end(String(activeSpan()?.spanContext().traceId))

describe('triscope(server)', () => {
  it.each<[string, (server: Server) => void]>([
    ['before its listener', (server) => void server.on('request', answers)],
    ['before a listener that was put first', (server) => void server.prependListener('request', answers)],
    ['before a listener that is heard once', (server) => void server.once('request', answers)],
  ])('begins each request %s', async (_when, listen) => {
    const server = createServer()
    triscope(server, recorded.telemetry)
    listen(server)
    const { url } = await listening(server)
    expect(await (await fetch(url)).text()).toMatch(/^[0-9a-f]{32}$/)
    expect(await told()).toEqual({ name: 'GET', status: 200, line: 200, active: '0' })
  })

  it('counts a request once, however often it is called, and is found again', async () => {
    const server = createServer(answers)
    const telemetry = triscope(server, recorded.telemetry)
    expect(triscope(server, recorded.telemetry)).toBe(telemetry)
    expect(triscope.of(server)).toBe(telemetry)
    server.on('request', () => {})
    const { url } = await listening(server)
    await fetch(url)
    expect(await told()).toMatchObject({ status: 200, active: '0' })
  })

  it('tells the requests of two servers of one telemetry', async () => {
    const [first, second] = [createServer(answers), createServer(answers)]
    triscope(first, recorded.telemetry)
    triscope(second, recorded.telemetry)
    for (const server of [first, second]) await fetch((await listening(server)).url)
    await until('two spans', () => recorded.spans.length === 2)
    expect(recorded.lines.filter(({ msg }) => msg === 'request')).toHaveLength(2)
  })

  it('tells a request of HTTP/2', async () => {
    const server = createHttp2Server((req, res) => {
      triscope.requestOf(req).route('/users/:id')
      res.writeHead(201)
      res.end(String(activeSpan()?.spanContext().traceId))
    })
    triscope(server, recorded.telemetry)
    const { url } = await listening(server)
    const session = connectHttp2(url)
    const stream = session.request({ ':path': '/users/1' })
    stream.setEncoding('utf8')
    let text = ''
    for await (const chunk of stream) text += String(chunk)
    session.close()
    expect(text).toMatch(/^[0-9a-f]{32}$/)
    expect(await told()).toEqual({ name: 'GET /users/:id', status: 201, line: 201, active: '0' })
    expect(recorded.spans[0]?.attributes['network.protocol.version']).toBe('2')
  })

  it('reads the body of a request of HTTP/2 in its context', async () => {
    const server = createHttp2Server((req, res) => {
      req.on('data', () => {})
      req.on('end', () => res.end(String(activeSpan()?.spanContext().traceId)))
    })
    triscope(server, recorded.telemetry)
    const { url } = await listening(server)
    const session = connectHttp2(url)
    const stream = session.request({ ':path': '/', ':method': 'POST' })
    stream.end('body')
    stream.setEncoding('utf8')
    let text = ''
    for await (const chunk of stream) text += String(chunk)
    session.close()
    await told()
    expect(text).toBe(recorded.spans[0]?.spanContext().traceId)
  })

  it('leaves telemetry of no request that was ignored, and an inert one in its place', async () => {
    const server = createServer((req, res) => {
      const request = triscope.requestOf(req)
      request.route('/x')
      request.error(new Error('unheard'))
      request.addFields({ a: 1 })
      request.log.info('healthy')
      res.end(request.traceId)
    })
    triscope(server, recorded.telemetry)
    const { url } = await listening(server)
    expect(await (await fetch(`${url}/healthz`)).text()).toBe('0'.repeat(32))
    expect(recorded.spans).toEqual([])
    expect(recorded.lines.map(({ msg }) => msg)).toEqual(['healthy'])
  })

  it('reports what a listener throws, and throws it on', async () => {
    const server = createServer()
    triscope(server, recorded.telemetry)
    const thrown = new RangeError('thrown')
    server.on('request', (_req, res) => {
      res.statusCode = 500
      res.end()
      throw thrown
    })
    const request = { url: '/', method: 'GET', headers: {}, httpVersion: '1.1', httpVersionMajor: 1 }
    const response = { statusCode: 500, end: () => {}, on: () => {} }
    expect(() => server.emit('request', request as never, response as never)).toThrow(thrown)
    triscope.requestOf(request as never)
    recorded.telemetry.requestOf(request as never)?.end()
    expect(recorded.spans[0]?.events[0]?.attributes?.['exception.message']).toBe('thrown')
  })

  it('reports what an async listener rejects with, where node captures it', async () => {
    const { captureRejections } = EventEmitter
    EventEmitter.captureRejections = true
    const server = createServer()
    EventEmitter.captureRejections = captureRejections
    triscope(server, recorded.telemetry)
    server.on('request', async () => {
      await new Promise((resolve) => setImmediate(resolve))
      throw new RangeError('rejected')
    })
    const { url } = await listening(server)
    expect((await fetch(url)).status).toBe(500)
    await told()
    expect(recorded.spans[0]?.events[0]?.attributes?.['exception.message']).toBe('rejected')
    expect(recorded.spans[0]?.attributes['error.type']).toBe('RangeError')
  })

  it('passes every other event on as it was', async () => {
    const server = createServer(answers)
    triscope(server, recorded.telemetry)
    const heard: unknown[] = []
    server.on('listening', () => heard.push('listening'))
    server.on('connection', (socket) => heard.push(socket.remoteAddress))
    server.on('clientError', (error, socket) => {
      heard.push((error as { code?: string }).code)
      socket.destroy()
    })
    const { port } = await listening(server)
    const socket = connect(port, '127.0.0.1')
    socket.end('nonsense\r\n\r\n')
    await once(socket.resume(), 'close')
    expect(heard).toEqual(['listening', '127.0.0.1', 'HPE_INVALID_METHOD'])
    expect(server.emit('none')).toBe(false)
  })

  it('says what was done wrong at start', () => {
    const refused = (fn: () => unknown): unknown => {
      try {
        fn()
      } catch (error) {
        if (error instanceof TriscopeError) return [error.code, error.message]
        throw error
      }
      throw new Error('nothing was thrown')
    }
    const expected = 'triscope(server): expected a server of node:http, node:https or node:http2, got'
    expect(refused(() => triscope(createNetServer() as never))).toEqual([
      'TRI_ERR_APP',
      `${expected} a server without HTTP\n  hint: const server = createServer(handler); triscope(server, options)`,
    ])
    expect(refused(() => triscope(undefined as never))).toEqual([
      'TRI_ERR_APP',
      `${expected} undefined\n  hint: const server = createServer(handler); triscope(server, options)`,
    ])
    expect(refused(() => triscope(answers as never))).toEqual([
      'TRI_ERR_APP',
      `${expected} a function named "answers"\n  hint: const server = createServer(handler); triscope(server, options)`,
    ])
    expect(refused(() => triscope(createServer(), { servce: 'x' } as never))).toEqual([
      'TRI_ERR_UNKNOWN_OPTION',
      'unknown option "servce"\n  hint: did you mean "service"?',
    ])
    expect(refused(() => triscope.of(createServer()))).toEqual([
      'TRI_ERR_APP',
      'triscope.of(server): triscope does not stand on this server\n  hint: call triscope(server) first',
    ])
  })
})

describe('a connection that is handed over', () => {
  it('counts a WebSocket handshake once, as answered by 101, and no request in flight after it', async () => {
    const server = createServer()
    triscope(server, recorded.telemetry)
    const sockets = new WebSocketServer({ server })
    let traceId: string | undefined
    sockets.on('connection', (socket, req) => {
      triscope.requestOf(req).route('/chat')
      traceId = activeSpan()?.spanContext().traceId
      socket.on('message', (data) => socket.send(`echo ${data}`))
    })
    const { port } = await listening(server)
    const client = new WebSocket(`ws://127.0.0.1:${port}/chat`)
    await once(client, 'open')
    expect(await told()).toEqual({ name: 'GET', status: 101, line: 101, active: '0' })
    expect(traceId).toBe(recorded.spans[0]?.spanContext().traceId)
    client.send('hello')
    const [data] = (await once(client, 'message')) as [Buffer]
    expect(String(data)).toBe('echo hello')
    client.close()
    await once(client, 'close')
    sockets.close()
    expect(recorded.spans).toHaveLength(1)
  })

  it('tells the status of a handshake that is refused', async () => {
    const server = createServer()
    triscope(server, recorded.telemetry)
    server.on('upgrade', (_req, socket) => void socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n'))
    const { port } = await listening(server)
    await refusedBy(port)
    expect(await told()).toEqual({ name: 'GET', status: 401, line: 401, active: '0' })
  })

  it('counts one that nobody answered as aborted', async () => {
    const server = createServer()
    triscope(server, recorded.telemetry)
    server.on('upgrade', (_req, socket) => void socket.destroy())
    const { port } = await listening(server)
    await refusedBy(port)
    expect(await told()).toEqual({ name: 'GET', status: undefined, line: undefined, active: '0' })
    expect(recorded.spans[0]?.attributes['error.type']).toBe('aborted')
  })

  it('tells a tunnel by its answer, and leaves nothing on the socket', async () => {
    const server = createServer()
    triscope(server, recorded.telemetry)
    const own: string[] = []
    server.on('connect', (_req, socket) => {
      socket.write(Buffer.from('HTTP/1.1 200 Connection established\r\n\r\n'))
      own.push(...Object.keys(socket).filter((key) => key === 'write' || key === 'end'))
      socket.end('through')
    })
    const { port } = await listening(server)
    const request = httpRequest({ port, host: '127.0.0.1', method: 'CONNECT', path: 'example.org:443' }).end()
    const [response, socket, head] = (await once(request, 'connect')) as [IncomingMessage, Socket, Buffer]
    expect(response.statusCode).toBe(200)
    let text = String(head)
    for await (const chunk of socket) text += String(chunk)
    expect(text).toBe('through')
    expect(own).toEqual([])
    expect(await told()).toEqual({ name: 'CONNECT', status: 200, line: 200, active: '0' })
  })

  it('begins a request once that asks to continue first', async () => {
    const server = createServer((req, res) => {
      res.end(String(triscope.requestOf(req).traceId === activeSpan()?.spanContext().traceId))
    })
    triscope(server, recorded.telemetry)
    server.on('checkContinue', (req, res) => {
      res.writeContinue()
      server.emit('request', req, res)
    })
    const { port } = await listening(server)
    const request = httpRequest({
      port,
      host: '127.0.0.1',
      method: 'POST',
      headers: { expect: '100-continue' },
    })
    request.once('continue', () => request.end('body'))
    const [response] = (await once(request, 'response')) as [NodeJS.ReadableStream]
    let text = ''
    for await (const chunk of response) text += String(chunk)
    expect(text).toBe('true')
    expect(await told()).toEqual({ name: 'POST', status: 200, line: 200, active: '0' })
  })
})
