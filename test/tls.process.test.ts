/** Over TLS, on both sides: servers of `node:https` and of HTTP/2 under triscope, and the calls that go to them. */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect as connectHttp2, createSecureServer } from 'node:http2'
import { Agent, createServer, get, type RequestOptions, request } from 'node:https'
import { createRequire } from 'node:module'
import { type AddressInfo, connect as connectPlain } from 'node:net'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { untraced } from '@triscope/core'
import { triscope } from '@triscope/http'
import { type RecordedTelemetry, recordTelemetry } from '@triscope/testing/telemetry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CERT, KEY } from './certificate.ts'
import { root } from './source-bundle.ts'

const load = createRequire(join(root, 'packages/tracing/package.json'))
const axios = load('axios') as { get(url: string, options: object): Promise<{ data: string }> }

const SERVER = 1
const CLIENT = 2

let recorded: RecordedTelemetry
let stop: () => Promise<unknown>

beforeEach(() => {
  recorded = recordTelemetry()
})

afterEach(async () => {
  await stop()
  await recorded.close()
})

const spans = (kind: number) => recorded.spans.filter((span) => span.kind === kind)

async function until(what: string, condition: () => boolean): Promise<void> {
  const endMs = performance.now() + 5_000
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`waited in vain for ${what}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function answer(req: IncomingMessage, res: ServerResponse): void {
  triscope.requestOf(req).route('/x/:id')
  if (req.url !== '/x/silent') res.end(String(req.headers['traceparent']))
}

async function serving(): Promise<number> {
  const server = createServer({ key: KEY, cert: CERT }, answer)
  triscope(server, recorded.telemetry)
  server.on('upgrade', (_req, socket) => void socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  stop = () => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  }
  return (server.address() as AddressInfo).port
}

async function textOf(stream: AsyncIterable<unknown>): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  return text
}

const clients: [string, (port: number) => Promise<string>][] = [
  [
    'https.request',
    async (port) => {
      const sent = request(`https://127.0.0.1:${port}/x/1?token=a`, { ca: CERT }).end()
      return await textOf(((await once(sent, 'response')) as [IncomingMessage])[0])
    },
  ],
  [
    'https.get',
    (port) =>
      new Promise((resolve) =>
        get({ host: '127.0.0.1', port, path: '/x/1?token=a', ca: CERT }, (res) => resolve(textOf(res))),
      ),
  ],
  [
    'an agent that keeps connections',
    async (port) => {
      const agent = new Agent({ keepAlive: true, ca: CERT })
      const sent = request(`https://127.0.0.1:${port}/x/1?token=a`, { agent }).end()
      const text = await textOf(((await once(sent, 'response')) as [IncomingMessage])[0])
      agent.destroy()
      return text
    },
  ],
  [
    'headers given as an array',
    async (port) => {
      const headers = ['host', `127.0.0.1:${port}`] as unknown as NonNullable<RequestOptions['headers']>
      const sent = request(`https://127.0.0.1:${port}/x/1?token=a`, { ca: CERT, headers }).end()
      return await textOf(((await once(sent, 'response')) as [IncomingMessage])[0])
    },
  ],
  [
    'axios',
    async (port) => {
      const httpsAgent = new Agent({ ca: CERT })
      const options = { httpsAgent, responseType: 'text' }
      return (await axios.get(`https://127.0.0.1:${port}/x/1?token=a`, options)).data
    },
  ],
  [
    'got',
    async (port) => {
      const { default: got } = await import(load.resolve('got'))
      return await got(`https://127.0.0.1:${port}/x/1?token=a`, {
        https: { certificateAuthority: CERT },
      }).text()
    },
  ],
]

it.each(clients)('joins a call over TLS by %s with the request it becomes', async (_name, call) => {
  const port = await serving()
  const sent = await call(port)
  await until('both spans', () => recorded.spans.length === 2)
  const [[server], [client]] = [spans(SERVER), spans(CLIENT)]
  expect(client?.attributes).toMatchObject({
    'server.address': '127.0.0.1',
    'server.port': port,
    'url.full': `https://127.0.0.1:${port}/x/1?token=REDACTED`,
    'http.response.status_code': 200,
  })
  const { traceId = '', spanId = '' } = client?.spanContext() ?? {}
  expect(sent).toMatch(new RegExp(`^00-${traceId}-${spanId}-`))
  expect(server?.name).toBe('GET /x/:id')
  expect(server?.attributes).toMatchObject({ 'url.scheme': 'https', 'http.response.status_code': 200 })
  expect(server?.parentSpanContext?.spanId).toBe(spanId)
  const metrics = await recorded.metrics()
  expect(metrics).toMatch(/^http_server_request_duration_seconds_count\{.*url_scheme="https".*\} 1$/m)
  expect(metrics).toMatch(/^http_server_active_requests\{.*url_scheme="https".*\} 0$/m)
  expect(metrics).toMatch(
    new RegExp(`^http_client_request_duration_seconds_count\\{.*server_port="${port}".*\\} 1$`, 'm'),
  )
})

describe('a call over TLS', () => {
  it('ends once, with the error, where the certificate is not trusted', async () => {
    const sent = request(`https://127.0.0.1:${await serving()}/x/1`, { agent: false })
    sent.end()
    const [error] = (await once(sent, 'error')) as [{ code: string }]
    await until('the span', () => spans(CLIENT).length > 0)
    expect(spans(CLIENT).map(({ attributes }) => attributes['error.type'])).toEqual([error.code])
    expect(spans(SERVER)).toEqual([])
  })

  it('leaves nothing where it is ours', async () => {
    const port = await serving()
    const [[, call]] = clients as [(typeof clients)[0]]
    expect(await untraced(() => call(port))).toBe('undefined')
    await until('the span', () => spans(SERVER).length > 0)
    expect(spans(CLIENT)).toEqual([])
  })
})

describe('a server over TLS', () => {
  it('tells a client that hung up as aborted, and a change of protocol by its answer', async () => {
    const port = await serving()
    const silent = connect({ port, host: '127.0.0.1', ca: CERT })
    silent.write('GET /x/silent HTTP/1.1\r\nHost: a\r\n\r\n')
    const active = async () => /^http_server_active_requests\{.*\} 1$/m.test(await recorded.metrics())
    while (!(await active())) await new Promise((resolve) => setImmediate(resolve))
    silent.destroy()
    await until('the span', () => spans(SERVER).length === 1)
    const upgrading = connect({ port, host: '127.0.0.1', ca: CERT })
    upgrading.write('GET /x/1 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: own\r\n\r\n')
    expect(await textOf(upgrading)).toContain('101')
    await until('the second span', () => spans(SERVER).length === 2)
    expect(
      spans(SERVER).map(({ attributes }) => [
        attributes['error.type'],
        attributes['http.response.status_code'],
      ]),
    ).toEqual([
      ['aborted', undefined],
      [undefined, 101],
    ])
  })

  it('hears nothing of a client that does not speak TLS', async () => {
    const port = await serving()
    const plain = connectPlain(port, '127.0.0.1')
    plain.on('error', () => {})
    plain.write('GET /x/1 HTTP/1.1\r\nHost: a\r\n\r\n')
    await once(plain.resume(), 'close')
    expect(spans(SERVER)).toEqual([])
    expect(await recorded.metrics()).not.toMatch(/^http_server_request_duration_seconds_count/m)
  })

  it('tells HTTP/2 and, beside it, HTTP/1.1', async () => {
    const server = createSecureServer({ key: KEY, cert: CERT, allowHTTP1: true })
    triscope(server, recorded.telemetry)
    server.on('request', answer as never)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    stop = () => new Promise((resolve) => void server.close(resolve))
    const { port } = server.address() as AddressInfo
    const session = connectHttp2(`https://127.0.0.1:${port}`, { ca: CERT })
    await textOf(session.request({ ':path': '/x/1' }))
    session.close()
    const sent = request(`https://127.0.0.1:${port}/x/1`, { ca: CERT, agent: false }).end()
    await textOf(((await once(sent, 'response')) as [IncomingMessage])[0])
    await until('the spans', () => spans(SERVER).length === 2)
    expect(
      spans(SERVER).map(({ name, attributes }) => [
        name,
        attributes['url.scheme'],
        attributes['network.protocol.version'],
      ]),
    ).toEqual([
      ['GET /x/:id', 'https', '2'],
      ['GET /x/:id', 'https', '1.1'],
    ])
  })
})
