import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import net from 'node:net'
import { isUntraced } from '@triscope/core'
import { createManualClock } from '@triscope/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { CERT, KEY } from './certificate.fixture.ts'
import {
  createHttpSender,
  type HttpSenderOptions,
  readOtlpAnswer,
  type Sender,
  type SendResult,
} from './index.ts'
import {
  type Backend,
  type BackendScript,
  freePort,
  reset,
  startBackend,
  until,
} from './scripted-backend.fixture.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function backendOf(script: BackendScript | BackendScript['answer']): Promise<Backend> {
  const backend = await startBackend(typeof script === 'function' ? { answer: script } : script)
  cleanups.push(() => backend.close())
  return backend
}

function senderOf(options: Partial<HttpSenderOptions> & { url: string }): Sender {
  const sender = createHttpSender({
    contentType: 'application/x-protobuf',
    readAnswer: readOtlpAnswer,
    ...options,
  })
  cleanups.push(() => sender.close())
  return sender
}

const send = (sender: Sender, body = 'abc', timeoutMs = 10_000): Promise<SendResult> =>
  sender.send(Buffer.from(body), timeoutMs)

/** What a result says to a human, and its kind. */
function said(result: SendResult): string {
  const words = result.kind === 'accepted' ? result.message : (result.cause as Error).message
  return `${result.kind}: ${words ?? ''}`
}

const errorType = (result: SendResult): unknown =>
  result.kind === 'accepted' ? undefined : (result.cause as { errorType?: unknown }).errorType

describe('HTTP sender', () => {
  it('posts the body to the whole URL, over one connection that is kept', async () => {
    const backend = await backendOf((_n, res) => res.end())
    const sender = senderOf({ url: `${backend.url}?tenant=a`, headers: { 'X-Scope': 'team' } })
    expect(await send(sender)).toEqual({ kind: 'accepted' })
    expect(await send(sender, 'def')).toEqual({ kind: 'accepted' })
    expect(backend.connections).toBe(1)
    const [first, second] = backend.requests
    expect(first).toMatchObject({ method: 'POST', path: '/v1/traces?tenant=a' })
    expect(first?.headers).toMatchObject({
      'content-type': 'application/x-protobuf',
      'content-length': '3',
      'x-scope': 'team',
      connection: 'keep-alive',
    })
    expect(first?.headers['user-agent']).toMatch(/^triscope\/\d+\.\d+\.\d+/)
    expect([first?.body.toString(), second?.body.toString()]).toEqual(['abc', 'def'])
  })

  it('compresses a body above 1 KiB where told to, and no other', async () => {
    const backend = await backendOf((_n, res) => res.end())
    const text = 'span '.repeat(1_000)
    const zipped = senderOf({ url: backend.url, compression: 'gzip' })
    await send(zipped, text)
    await send(zipped, 'short')
    await send(senderOf({ url: backend.url }), text)
    expect(backend.requests.map(({ headers }) => headers['content-encoding'])).toEqual([
      'gzip',
      undefined,
      undefined,
    ])
    expect(Number(backend.requests[0]?.headers['content-length'])).toBeLessThan(200)
    expect(backend.requests.map(({ body }) => body.toString())).toEqual([text, 'short', text])
  })

  it('asks again after 429, 502, 503 and 504, and after no other status', async () => {
    let status = 0
    const backend = await backendOf((_n, res) => res.writeHead(status).end())
    const sender = senderOf({ url: backend.url })
    const kinds: Record<string, string[]> = { accepted: [], retry: [], refused: [] }
    for (status of [
      200, 202, 204, 300, 304, 400, 401, 403, 404, 408, 413, 418, 429, 500, 501, 502, 503, 504, 505,
    ]) {
      kinds[(await send(sender)).kind]?.push(String(status))
    }
    expect(kinds).toEqual({
      accepted: ['200', '202', '204'],
      retry: ['429', '502', '503', '504'],
      refused: ['300', '304', '400', '401', '403', '404', '408', '413', '418', '500', '501', '505'],
    })
  })

  it('hands on Retry-After in seconds and as a date, and nothing that is neither', async () => {
    const clock = createManualClock(Date.UTC(2026, 0, 1))
    let header = ''
    const backend = await backendOf((_n, res) => res.writeHead(503, { 'retry-after': header }).end())
    const sender = senderOf({ url: backend.url, clock })
    const after = async (value: string): Promise<unknown> => {
      header = value
      const result = await send(sender)
      return result.kind === 'retry' ? result.afterMs : result
    }
    expect(await after('7')).toBe(7_000)
    expect(await after('Thu, 01 Jan 2026 00:02:00 GMT')).toBe(120_000)
    for (const nothing of ['0', '-1', 'soon', '1.5s', 'Wed, 31 Dec 2025 23:59:59 GMT', '']) {
      expect(await after(nothing)).toBeUndefined()
    }
  })

  it('reads partial success and the text of an error', async () => {
    const backend = await backendOf((n, res) => {
      const body =
        n === 1
          ? { partialSuccess: { rejectedSpans: '2', errorMessage: 'too old' } }
          : { message: 'bad span' }
      res.writeHead(n === 1 ? 200 : 400, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
    const sender = senderOf({ url: backend.url })
    expect(await send(sender)).toEqual({
      kind: 'accepted',
      rejected: 2,
      message: `${backend.url} answered 200: too old`,
    })
    const refused = await send(sender)
    expect(said(refused)).toBe(`refused: ${backend.url} answered 400: bad span`)
    expect(errorType(refused)).toBe('400')
  })

  it('reads at most 4 MiB of an answer, and does not send again to who answers more', async () => {
    const size = { bytes: 4 * 1024 * 1024 }
    const backend = await backendOf((_n, res) => {
      res.on('error', () => undefined)
      res.writeHead(200, { 'content-type': 'text/html' }).end(Buffer.alloc(size.bytes, 32))
    })
    const sender = senderOf({ url: backend.url })
    expect(said(await send(sender))).toBe(
      `accepted: ${backend.url} answered 200: what it answered is not OTLP (text/html)`,
    )
    size.bytes++
    const refused = await send(sender)
    expect(said(refused)).toBe(
      `refused: ${backend.url} answered 200 with more than 4 MiB; is it an OTLP endpoint?`,
    )
    expect(errorType(refused)).toBe('answer_too_large')
  })

  it('takes a reader of answers that throws for one that read nothing', async () => {
    const backend = await backendOf((_n, res) => res.end('x'))
    const sender = senderOf({
      url: backend.url,
      readAnswer() {
        throw new Error('reader')
      },
    })
    expect(await send(sender)).toEqual({ kind: 'accepted' })
  })

  it('follows no redirect, and says where it would have led', async () => {
    const other = await backendOf((_n, res) => res.end())
    const backend = await backendOf((_n, res) =>
      res.writeHead(307, { location: `http://user:hidden@127.0.0.1:${other.port}/x?token=hidden` }).end(),
    )
    const result = await send(senderOf({ url: backend.url, headers: { authorization: 'Bearer abcdef' } }))
    expect(said(result)).toBe(
      `refused: ${backend.url} answered 307, a redirect to http://REDACTED:REDACTED@127.0.0.1:${other.port}/x?token=REDACTED, which is not followed; give the final URL`,
    )
    expect(other.requests).toHaveLength(0)
  })

  it.each([
    [401, 'check the credentials in the headers of the exporter'],
    [403, 'check the credentials in the headers of the exporter'],
    [404, 'does the URL end in /v1/traces, /v1/logs or /v1/metrics?'],
    [407, 'a proxy wants credentials'],
    [413, 'send smaller batches (maxBatchBytes), or raise the limit of the backend'],
  ])('names the way out of a %i', async (status, remedy) => {
    const backend = await backendOf((_n, res) => res.writeHead(status).end())
    expect(said(await send(senderOf({ url: backend.url })))).toBe(
      `refused: ${backend.url} answered ${status}; ${remedy}`,
    )
  })

  it('shows no credential, even where the backend repeats it', async () => {
    const backend = await backendOf((_n, res, { headers }) =>
      res
        .writeHead(400, { 'content-type': 'text/plain' })
        .end(`bad ${headers.authorization} and ${headers['x-key']}`),
    )
    const byHeader = await send(
      senderOf({ url: backend.url, headers: { Authorization: 'Bearer s3cret-token', 'X-Key': 'k3y-k3y' } }),
    )
    expect(said(byHeader)).toBe(`refused: ${backend.url} answered 400: bad [REDACTED] and [REDACTED]`)
    const url = backend.url.replace('//', '//user:p%40ss@')
    const byUrl = await send(senderOf({ url: `${url}?api_key=hidden` }))
    expect(said(byUrl)).toBe(
      `refused: ${backend.url}?api_key=REDACTED answered 400: bad [REDACTED] and undefined`,
    )
    expect(backend.requests[1]?.headers.authorization).toBe(
      `Basic ${Buffer.from('user:p@ss').toString('base64')}`,
    )
  })

  it('tells a collector that is not there from one that speaks another protocol', async () => {
    const port = await freePort()
    const away = await send(senderOf({ url: `http://127.0.0.1:${port}/v1/traces` }))
    expect(said(away)).toBe(
      `retry: http://127.0.0.1:${port}/v1/traces cannot be reached: connect ECONNREFUSED 127.0.0.1:${port}; is the collector running at 127.0.0.1:${port}?`,
    )
    expect(errorType(away)).toBe('ECONNREFUSED')
    const server = net.createServer((socket) => {
      socket.on('error', () => undefined)
      socket.end('\0\0\x12\x04 not HTTP')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    cleanups.push(() => server.close())
    const { port: grpc } = server.address() as net.AddressInfo
    const result = await send(senderOf({ url: `http://127.0.0.1:${grpc}/v1/traces` }))
    expect(said(result)).toContain('is this an HTTP port? OTLP over HTTP is 4318, over gRPC 4317')
    expect(result.kind).toBe('refused')
  })

  it('asks again after a reset, before the body and after it', async () => {
    const before = await backendOf({
      answer: () => undefined,
      head: (_n, req) => {
        req.socket.resetAndDestroy()
        return false
      },
    })
    const after = await backendOf((_n, res) => reset(res))
    for (const backend of [before, after]) {
      const result = await send(senderOf({ url: backend.url }), 'x'.repeat(1_000_000))
      expect(result).toMatchObject({ kind: 'retry' })
      expect(result).not.toHaveProperty('afterMs')
    }
    expect(after.requests).toHaveLength(1)
  })

  it('asks again after an answer that breaks off', async () => {
    const backend = await backendOf((_n, res) => {
      res.writeHead(200, { 'content-length': '100' })
      res.write('half', () => reset(res))
    })
    expect((await send(senderOf({ url: backend.url }))).kind).toBe('retry')
  })

  it('asks again at once when a kept connection turned out to be dead, and then succeeds on a new one', async () => {
    const backend = await backendOf((n, res) => {
      if (n === 2) reset(res)
      else res.end()
    })
    const sender = senderOf({ url: backend.url })
    await send(sender)
    expect(await send(sender)).toMatchObject({ kind: 'retry', afterMs: 0 })
    expect(await send(sender)).toEqual({ kind: 'accepted' })
    expect(backend.connections).toBe(2)
  })

  it('ends a hanging attempt at its timeout: no answer, half an answer, or no connection', async () => {
    let halves = 0
    const backend = await backendOf((n, res) => {
      if (n === 2) res.writeHead(200).write('half', () => halves++)
    })
    const clock = createManualClock()
    const sender = senderOf({ url: backend.url, clock })
    for (const n of [1, 2]) {
      const result = send(sender, 'abc', 10_000)
      await until(() => backend.requests.length === n && halves === n - 1)
      await clock.advance(9_999)
      expect(clock.timers).toBe(1)
      await clock.advance(1)
      expect(said(await result)).toBe(`retry: ${backend.url} did not answer within 10000 ms`)
      expect(errorType(await result)).toBe('timeout')
      expect(clock.timers).toBe(0)
    }
    // Nothing is awaited between the send and the deadline: the connection is not even made.
    const unconnected = sender.send(Buffer.from('abc'), 0)
    await clock.advance(0)
    expect(errorType(await unconnected)).toBe('timeout')
  })

  it('leaves no trace of its own: clients that trace see that they must not', async () => {
    const backend = await backendOf((_n, res) => res.end())
    const seen: boolean[] = []
    const listener = (): void => void seen.push(isUntraced())
    subscribe('http.client.request.start', listener)
    cleanups.push(() => unsubscribe('http.client.request.start', listener))
    await send(senderOf({ url: backend.url }))
    expect(seen).toEqual([true])
    expect(isUntraced()).toBe(false)
  })

  it('ends what is under way when it is closed, and sends nothing afterwards', async () => {
    const backend = await backendOf(() => undefined)
    const sender = senderOf({ url: backend.url })
    const result = send(sender)
    await until(() => backend.requests.length === 1)
    sender.close()
    sender.close()
    expect((await result).kind).toBe('retry')
    expect(said(await send(sender))).toBe('refused: the sender is closed')
    expect(backend.requests).toHaveLength(1)
  })

  it('trusts the authorities it is given, and names the option where it cannot', async () => {
    const backend = await backendOf({ answer: (_n, res) => res.end(), tls: { key: KEY, cert: CERT } })
    const untrusted = await send(senderOf({ url: backend.url }))
    // Newer Node adds advice of its own to the middle.
    expect(said(untrusted)).toMatch(
      /^retry: \S+ cannot be reached: self-signed certificate.*; give its authority's certificate as tls\.ca$/,
    )
    expect(await send(senderOf({ url: backend.url, tls: { ca: CERT } }))).toEqual({ kind: 'accepted' })
    expect(await send(senderOf({ url: backend.url, tls: { rejectUnauthorized: false } }))).toEqual({
      kind: 'accepted',
    })
    const plain = await backendOf((_n, res) => res.end())
    expect(said(await send(senderOf({ url: plain.url.replace('http:', 'https:') })))).toContain(
      'should the URL begin with http:// ?',
    )
  })

  it('shows its own certificate where the backend wants one', async () => {
    const backend = await backendOf({
      answer: (_n, res) => res.end(),
      tls: { key: KEY, cert: CERT, ca: CERT, requestCert: true, rejectUnauthorized: true },
    })
    expect((await send(senderOf({ url: backend.url, tls: { ca: CERT } }))).kind).toBe('retry')
    const mutual = senderOf({ url: backend.url, tls: { ca: Buffer.from(CERT), cert: CERT, key: KEY } })
    expect(await send(mutual)).toEqual({ kind: 'accepted' })
  })

  it('refuses options that cannot be meant, and shows no secret of them', () => {
    const wrong = (options: object): unknown => {
      try {
        createHttpSender({ url: 'http://localhost', contentType: 'x/y', ...options })
      } catch (error) {
        return error
      }
      return expect.unreachable()
    }
    for (const url of [
      '',
      'localhost:4318',
      'ftp://user:hidden@x',
      'user:hidden@x:4318',
      'http://user:hidden@[',
      7,
    ]) {
      expect(wrong({ url })).toMatchObject({
        code: 'TRI_ERR_OPTION',
        message: expect.not.stringContaining('hidden'),
      })
    }
    for (const headers of [{ 'a b': 'x' }, { a: 'hidden\r\nb: c' }, { a: undefined }]) {
      expect(wrong({ headers })).toMatchObject({
        code: 'TRI_ERR_OPTION',
        message: expect.not.stringContaining('hidden'),
      })
    }
    expect(wrong({ compression: 'zstd' })).toMatchObject({ code: 'TRI_ERR_OPTION' })
    for (const tls of [{ ca: 'hidden' }, { key: 'hidden' }, { cert: CERT.replace('MIIB', 'hidden') }]) {
      expect(wrong({ tls })).toMatchObject({
        code: 'TRI_ERR_OPTION',
        message: expect.not.stringContaining('hidden'),
      })
    }
    expect(wrong({ tls: { cart: 'x' } })).toMatchObject({ code: 'TRI_ERR_UNKNOWN_OPTION' })
    expect(wrong({ headres: {} })).toMatchObject({
      message: expect.stringContaining('did you mean "headers"?'),
    })
  })
})
