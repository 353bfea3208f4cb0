/** The gRPC sender against a server that is not ours, `@grpc/grpc-js`, and against one that misbehaves on HTTP/2. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceError,
  status,
} from '@grpc/grpc-js'
import { afterEach, describe, expect, it } from 'vitest'
import { CERT, KEY } from './certificate.fixture.ts'
import { retryInfo } from './faulty-backend.fixture.ts'
import { createGrpcSender, type GrpcSenderOptions, type Sender, type SendResult } from './index.ts'
import {
  answerCall,
  type GrpcBackend,
  type GrpcScript,
  refuseCall,
  startGrpcBackend,
} from './scripted-grpc.fixture.ts'

const METHOD = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'
const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

function senderOf(options: Omit<GrpcSenderOptions, 'method'>): Sender {
  const sender = createGrpcSender({ method: METHOD, ...options })
  cleanups.push(() => sender.close())
  return sender
}

const send = (sender: Sender, body: string | Uint8Array = 'abc', timeoutMs = 10_000): Promise<SendResult> =>
  sender.send(Buffer.from(body), timeoutMs)

/** What a result says to a human, and its kind. */
function said(result: SendResult): string {
  const words = result.kind === 'accepted' ? result.message : (result.cause as Error).message
  return `${result.kind}: ${words ?? ''}`
}

type Answer = (
  call: ServerUnaryCall<Buffer, Buffer>,
  respond: (error: Partial<ServiceError> | null, value?: Buffer) => void,
) => void

/** A server of the reference implementation. */
async function grpcJs(
  answer: Answer,
  credentials: ServerCredentials = ServerCredentials.createInsecure(),
): Promise<number> {
  const server = new Server({ 'grpc.max_receive_message_length': -1 })
  server.addService(
    {
      export: {
        path: METHOD,
        requestStream: false,
        responseStream: false,
        requestSerialize: (value: Buffer) => value,
        requestDeserialize: (bytes: Buffer) => bytes,
        responseSerialize: (value: Buffer) => value,
        responseDeserialize: (bytes: Buffer) => bytes,
      },
    },
    { export: answer },
  )
  cleanups.push(() => server.forceShutdown())
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, port) =>
      error === null ? resolve(port) : reject(error),
    )
  })
}

async function backendOf(script: GrpcScript): Promise<GrpcBackend> {
  const backend = await startGrpcBackend(script)
  cleanups.push(() => backend.close())
  return backend
}

describe('gRPC sender and @grpc/grpc-js', () => {
  it.each(['none', 'gzip'] as const)('hands over a body of 8 MiB, compression %s', async (compression) => {
    const body = Buffer.alloc(8 * 1024 * 1024, 'abcdefghij')
    const seen: { body: Buffer; metadata: Metadata; deadline: unknown }[] = []
    const port = await grpcJs((call, respond) => {
      seen.push({ body: call.request, metadata: call.metadata, deadline: call.getDeadline() })
      respond(null, Buffer.alloc(0))
    })
    const sender = senderOf({ url: `http://127.0.0.1:${port}`, compression, headers: { 'X-Tenant': 'a' } })
    expect(await send(sender, body)).toEqual({ kind: 'accepted' })
    expect(seen[0]?.body.equals(body)).toBe(true)
    expect(seen[0]?.metadata.get('x-tenant')).toEqual(['a'])
    const left = Number(seen[0]?.deadline) - Date.now()
    expect(left > 5_000 && left <= 10_000).toBe(true)
  })

  it('reads the code, the words and the wait of a refusal', async () => {
    const details = new Metadata()
    details.set('grpc-status-details-bin', Buffer.from(retryInfo(7), 'base64'))
    const port = await grpcJs((_call, respond) =>
      respond({ code: status.RESOURCE_EXHAUSTED, details: 'quota à 100 %\nsecond', metadata: details }),
    )
    const result = await send(senderOf({ url: `http://127.0.0.1:${port}` }))
    expect(said(result)).toBe(
      `retry: http://127.0.0.1:${port}/ answered RESOURCE_EXHAUSTED: quota à 100 % second`,
    )
    expect(result).toMatchObject({ afterMs: 7_000, cause: { errorType: 'RESOURCE_EXHAUSTED' } })
  })

  it('shows no header of its own where the backend repeats it', async () => {
    const port = await grpcJs((call, respond) =>
      respond({ code: status.UNAUTHENTICATED, details: `no such key: ${call.metadata.get('api-key')}` }),
    )
    const sender = senderOf({ url: `http://127.0.0.1:${port}`, headers: { 'api-key': 'sesame-9' } })
    expect(said(await send(sender))).toBe(
      `refused: http://127.0.0.1:${port}/ answered UNAUTHENTICATED: no such key: [REDACTED]; check the credentials in the headers of the exporter`,
    )
  })

  it('speaks TLS, shows its certificate, and trusts no stranger', async () => {
    const pair = { private_key: Buffer.from(KEY), cert_chain: Buffer.from(CERT) }
    const credentials = ServerCredentials.createSsl(Buffer.from(CERT), [pair], true)
    const port = await grpcJs((_call, respond) => respond(null, Buffer.alloc(0)), credentials)
    const url = `https://127.0.0.1:${port}`
    expect(await send(senderOf({ url, tls: { ca: CERT, cert: CERT, key: KEY } }))).toEqual({
      kind: 'accepted',
    })
    expect((await send(senderOf({ url, tls: { ca: CERT } }))).kind).toBe('retry')
    expect(said(await send(senderOf({ url })))).toMatch(
      /^retry: .* cannot be reached: self-signed certificate;.* give its authority's certificate as tls\.ca$/,
    )
  })
})

describe('gRPC sender', () => {
  it('keeps one connection for all attempts', async () => {
    const backend = await backendOf({ answer: (_n, stream) => answerCall(stream) })
    const sender = senderOf({ url: backend.url })
    for (let i = 0; i < 3; i++) expect(await send(sender)).toEqual({ kind: 'accepted' })
    expect([backend.connections, backend.requests.length]).toEqual([1, 3])
    expect(backend.requests[0]?.headers).toMatchObject({
      ':path': METHOD,
      'content-type': 'application/grpc',
      te: 'trailers',
      'grpc-timeout': '10000m',
    })
  })

  it('lets a call end that a GOAWAY left standing, and connects anew for the next', async () => {
    const backend = await backendOf({
      answer(n, stream) {
        if (n === 1) stream.session?.goaway(0, stream.id)
        setImmediate(() => answerCall(stream))
      },
    })
    const sender = senderOf({ url: backend.url })
    expect(await send(sender)).toEqual({ kind: 'accepted' })
    expect(await send(sender)).toEqual({ kind: 'accepted' })
    expect(backend.connections).toBe(2)
  })

  it('tries at once again what the server refused to look at', async () => {
    const backend = await backendOf({
      head(n, stream) {
        if (n === 1) stream.close(7)
        return n > 1
      },
      answer: (_n, stream) => answerCall(stream),
    })
    const sender = senderOf({ url: backend.url })
    expect(await send(sender)).toMatchObject({ kind: 'retry', afterMs: 0 })
    expect(await send(sender)).toEqual({ kind: 'accepted' })
  })

  it('tries at once again on a new connection when the server closed the idle one', async () => {
    const backend = await backendOf({
      answer(n, stream) {
        if (n === 2) stream.session?.destroy()
        else answerCall(stream)
      },
    })
    const sender = senderOf({ url: backend.url })
    await send(sender)
    expect(await send(sender)).toMatchObject({
      kind: 'retry',
      afterMs: 0,
      cause: { errorType: 'ECONNRESET' },
    })
    expect(await send(sender)).toEqual({ kind: 'accepted' })
  })

  it('ends at its timeout, and does not trust the connection any more', async () => {
    const backend = await backendOf({
      answer(n, stream) {
        if (n > 1) answerCall(stream)
      },
    })
    const sender = senderOf({ url: backend.url })
    const result = await send(sender, 'abc', 50)
    expect(said(result)).toBe(`retry: ${backend.url}/ did not answer within 50 ms`)
    expect(await send(sender)).toEqual({ kind: 'accepted' })
    expect(backend.connections).toBe(2)
  })

  it('takes a status in the head, in trailers without a message, and none for a lost call', async () => {
    const answers: ((stream: ServerHttp2Stream) => void)[] = [
      (stream) => refuseCall(stream, { 'grpc-status': '12' }),
      (stream) => refuseCall(stream, { 'grpc-status': '0' }),
      (stream) => refuseCall(stream, { 'grpc-status': 'x' }),
      (stream) => refuseCall(stream, {}),
    ]
    const backend = await backendOf({ answer: (n, stream) => answers[n - 1]?.(stream) })
    const sender = senderOf({ url: backend.url })
    expect(said(await send(sender))).toContain('answered UNIMPLEMENTED; is this an OTLP endpoint')
    expect(await send(sender)).toEqual({ kind: 'accepted' })
    expect(said(await send(sender))).toContain('refused: ')
    expect(said(await send(sender))).toContain('the call ended without a status')
  })

  it('says so where an HTTP/1 server listens, and does not try again', async () => {
    const server = createServer((_req, res) => res.end())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    cleanups.push(() => server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    expect(said(await send(senderOf({ url })))).toMatch(
      /^refused: .*; is this a gRPC port\? OTLP over gRPC is 4317, over HTTP 4318$/,
    )
  })

  it('settles an attempt under way when it is closed, and none begins after', async () => {
    const backend = await backendOf({ answer: () => undefined })
    const sender = senderOf({ url: backend.url })
    const first = send(sender)
    while (backend.requests.length === 0) await new Promise(setImmediate)
    sender.close()
    sender.close()
    expect((await first).kind).toBe('retry')
    expect((await send(sender)).kind).toBe('retry')
  })
})
