/** Exports through a real forward proxy on a loopback socket, for each scheme and sender. */
import { once } from 'node:events'
import http, { type IncomingMessage } from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { createDiagnostics } from '@triscope/core'
import { afterEach, describe, expect, it } from 'vitest'
import { CERT, KEY } from './certificate.fixture.ts'
import { createGrpcSender, createHttpSender, proxyFor, type Sender, type SendResult } from './index.ts'
import { startBackend } from './scripted-backend.fixture.ts'
import { answerCall, startGrpcBackend } from './scripted-grpc.fixture.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

interface Asked {
  readonly way: string
  readonly credentials: string | undefined
  readonly authorization: string | undefined
}

/** Forwards and tunnels, or answers `status`. */
async function proxyOf(status?: number): Promise<{ port: number; asked: Asked[] }> {
  const asked: Asked[] = []
  const ask = ({ method, url, headers }: IncomingMessage): void =>
    void asked.push({
      way: `${method} ${url}`,
      credentials: headers['proxy-authorization'],
      authorization: headers.authorization,
    })
  const sockets = new Set<net.Socket>()
  const server = http.createServer((req, res) => {
    ask(req)
    if (status !== undefined) {
      res.writeHead(status).end()
      return
    }
    const { 'proxy-authorization': _mine, ...headers } = req.headers
    const onward = http.request(req.url ?? '', { method: 'POST', headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 0)
      answer.pipe(res)
    })
    req.pipe(onward)
  })
  server.on('connect', (req, socket, head) => {
    ask(req)
    if (status !== undefined) {
      socket.end(`HTTP/1.1 ${status} No\r\n\r\n`)
      return
    }
    const [host = '', port = ''] = (req.url ?? '').split(':')
    const onward = net.connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      onward.write(head)
      onward.pipe(socket).pipe(onward)
    })
    onward.on('error', () => socket.destroy())
    socket.on('error', () => onward.destroy())
  })
  server.on('connection', (socket) => sockets.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, asked }
}

function kept(sender: Sender): Sender {
  cleanups.push(() => sender.close())
  return sender
}

const send = (sender: Sender): Promise<SendResult> => sender.send(Buffer.from('abc'), 5_000)
const http1 = (url: string, proxy: string): Sender =>
  kept(
    createHttpSender({
      url,
      proxy,
      contentType: 'text/plain',
      headers: { authorization: 'Bearer target' },
      tls: { ca: CERT },
    }),
  )
const grpc = (url: string, proxy: string): Sender =>
  kept(createGrpcSender({ url, proxy, method: '/a.B/C', tls: { ca: CERT } }))
const TLS = { key: KEY, cert: CERT }
/** `user:pass word` */
const CREDENTIALS = 'Basic dXNlcjpwYXNzIHdvcmQ='

describe('a proxy', () => {
  it('forwards http: and gets its own credentials', async () => {
    const backend = await startBackend({ answer: (_n, res) => res.end() })
    cleanups.push(() => backend.close())
    const { port, asked } = await proxyOf()
    const sender = http1(backend.url, `http://user:pass%20word@127.0.0.1:${port}`)
    expect([await send(sender), await send(sender)]).toEqual([{ kind: 'accepted' }, { kind: 'accepted' }])
    expect(asked[0]).toEqual({
      way: `POST ${backend.url}`,
      credentials: CREDENTIALS,
      authorization: 'Bearer target',
    })
    expect(backend.requests[0]).toMatchObject({ path: '/v1/traces' })
    expect(backend.requests[0]?.headers.host).toBe(`127.0.0.1:${backend.port}`)
  })

  it('tunnels https:, and sees nothing of what is in it', async () => {
    const backend = await startBackend({ answer: (_n, res) => res.end(), tls: TLS })
    cleanups.push(() => backend.close())
    const { port, asked } = await proxyOf()
    const sender = http1(backend.url, `http://user:pass%20word@127.0.0.1:${port}`)
    expect([await send(sender), await send(sender)]).toEqual([{ kind: 'accepted' }, { kind: 'accepted' }])
    expect(asked).toEqual([
      { way: `CONNECT 127.0.0.1:${backend.port}`, credentials: CREDENTIALS, authorization: undefined },
    ])
    expect(backend.requests[0]?.headers.authorization).toBe('Bearer target')
    expect(backend.requests[0]?.headers['proxy-authorization']).toBeUndefined()
  })

  it.each([undefined, TLS])('tunnels gRPC, with and without TLS', async (tls) => {
    const backend = await startGrpcBackend({
      answer: (_n, stream) => answerCall(stream),
      ...(tls === undefined ? {} : { tls }),
    })
    cleanups.push(() => backend.close())
    const { port, asked } = await proxyOf()
    const sender = grpc(backend.url, `http://127.0.0.1:${port}`)
    expect([await send(sender), await send(sender)]).toEqual([{ kind: 'accepted' }, { kind: 'accepted' }])
    expect(asked.map(({ way }) => way)).toEqual([`CONNECT 127.0.0.1:${backend.port}`])
  })

  it.each([
    ['https', http1, 'https://127.0.0.1:1/v1/traces'],
    ['grpc', grpc, 'http://127.0.0.1:1/'],
  ] as const)('says what to do when it wants credentials, over %s', async (_name, senderTo, url) => {
    const { port } = await proxyOf(407)
    const result = await send(senderTo(url, `http://user:secret-word@127.0.0.1:${port}`))
    expect(result).toMatchObject({ kind: 'refused', cause: { errorType: '407' } })
    expect((result as { cause: Error }).cause.message).toBe(
      `${url} cannot be reached: the proxy http://127.0.0.1:${port} answered 407; a proxy wants credentials`,
    )
  })

  it('is away for a while when it answers 503', async () => {
    const { port } = await proxyOf(503)
    expect(await send(http1('https://127.0.0.1:1/', `http://127.0.0.1:${port}`))).toMatchObject({
      kind: 'retry',
    })
    expect(await send(http1('http://127.0.0.1:1/', `http://127.0.0.1:${port}`))).toMatchObject({
      kind: 'retry',
    })
  })
})

describe('proxyFor', () => {
  const proxy = 'http://proxy:3128'
  it.each<[string, Record<string, string>, string | undefined]>([
    ['http://c:4318/', {}, undefined],
    ['http://c:4318/', { HTTP_PROXY: proxy }, proxy],
    ['http://c:4318/', { http_proxy: '', HTTP_PROXY: proxy }, proxy],
    ['http://c:4318/', { http_proxy: 'http://other:1', HTTP_PROXY: proxy }, 'http://other:1'],
    ['http://c:4318/', { HTTPS_PROXY: proxy }, undefined],
    ['https://c:4318/', { HTTPS_PROXY: proxy }, proxy],
    ['https://c/', { ALL_PROXY: 'proxy:3128' }, proxy],
    ['http://c:4318/', { HTTP_PROXY: proxy, REQUEST_METHOD: 'GET' }, undefined],
    ['http://c:4318/', { HTTP_PROXY: proxy, NO_PROXY: '*' }, undefined],
    ['http://c:4318/', { HTTP_PROXY: proxy, NO_PROXY: 'a, C' }, undefined],
    ['http://c:4318/', { HTTP_PROXY: proxy, no_proxy: 'c:4318' }, undefined],
    ['http://c:4318/', { HTTP_PROXY: proxy, no_proxy: 'c:4317' }, proxy],
    ['http://a.b.c/', { HTTP_PROXY: proxy, no_proxy: '.b.c' }, undefined],
    ['http://a.b.c/', { HTTP_PROXY: proxy, no_proxy: 'b.c' }, undefined],
    ['http://ab.c/', { HTTP_PROXY: proxy, no_proxy: 'b.c' }, proxy],
    ['http://[::1]:4318/', { HTTP_PROXY: proxy, no_proxy: '::1' }, undefined],
    ['http://[::1]:4318/', { HTTP_PROXY: proxy, no_proxy: '[::1]:4318' }, proxy],
    ['not a url', { ALL_PROXY: proxy }, undefined],
  ])('%s with %j goes through %s', (url, env, expected) => {
    expect(proxyFor(url, env)).toBe(expected)
  })

  it('tells of a proxy it cannot use, without its password, and goes without', () => {
    const messages: string[] = []
    const diagnostics = createDiagnostics({ onMessage: ({ message }) => messages.push(message) })
    expect(proxyFor('http://c/', { HTTP_PROXY: 'socks5://u:hidden@p:1' }, diagnostics)).toBeUndefined()
    expect(messages).toEqual([
      'http_proxy: expected an http:// or https:// URL, got "socks5://REDACTED:REDACTED@p:1"; going without a proxy',
    ])
  })
})
