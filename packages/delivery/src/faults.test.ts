/**
 * The export faults 1 to 17 of the reliability list, with a real backend on a loopback socket and time turned by hand.
 *
 * In each of them what was offered is delivered, or counted as lost and told.
 */
import { createDiagnostics, type DiagnosticMessage } from '@triscope/core'
import { createManualClock, type ManualClock } from '@triscope/testing'
import { afterEach, describe, expect, it } from 'vitest'
import {
  createDelivery,
  createHttpSender,
  type Delivery,
  type DeliveryOptions,
  readOtlpAnswer,
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

interface Pipeline {
  readonly delivery: Delivery
  readonly clock: ManualClock
  readonly messages: readonly string[]
  /** Offers records that read as their numbers. */
  offer(count: number): void
  /** Lets time pass in steps, and the network do its work in between, until nothing is queued any more. */
  drain(): Promise<void>
  /** Lets this much time pass, and the network do its work first. */
  step(ms: number): Promise<void>
  dropped(): Record<string, number>
}

function pipelineTo(url: string, options: Partial<DeliveryOptions> = {}): Pipeline {
  const clock = createManualClock()
  const said: DiagnosticMessage[] = []
  const diagnostics = createDiagnostics({ clock, onMessage: (message) => said.push(message) })
  const http = createHttpSender({
    url,
    contentType: 'application/x-protobuf',
    compression: 'gzip',
    readAnswer: readOtlpAnswer,
    clock,
    diagnostics,
  })
  let underWay = 0
  const delivery = createDelivery({
    signal: 'traces',
    diagnostics,
    clock,
    random: () => 0.5,
    frame: (records) => Buffer.from(records.map((record) => Buffer.from(record).toString()).join(',')),
    sender: {
      async send(body, timeoutMs) {
        underWay++
        const result = await http.send(body, timeoutMs)
        underWay--
        return result
      },
      close: () => http.close(),
    },
    ...options,
  })
  cleanups.push(async () => {
    const ended = delivery.shutdown(0)
    await clock.advance(0)
    await ended
  })
  let offered = 0
  return {
    delivery,
    clock,
    get messages() {
      return said.map(({ message }) => message)
    },
    offer(count) {
      for (let i = 0; i < count; i++) delivery.offer(Buffer.from(String(offered++)))
    },
    async drain() {
      await until(() => underWay === 0)
      while (delivery.queuedRecords > 0) {
        await clock.advance(100)
        await until(() => underWay === 0)
      }
    },
    async step(ms) {
      await until(() => underWay === 0)
      await clock.advance(ms)
    },
    dropped() {
      const reasons: Record<string, number> = {}
      for (const { name, labels, value } of diagnostics.snapshot()) {
        if (name === 'triscope_telemetry_dropped_total') reasons[String(labels['reason'])] = value
      }
      return reasons
    },
  }
}

/** A backend that keeps the records of every request it answers with a status below 300. */
async function storeOf(
  script: Omit<BackendScript, 'answer'> & { answer?: (n: number) => number | [number, object] | 'reset' },
) {
  const stored: string[] = []
  const backend: Backend = await startBackend({
    ...script,
    answer(n, res, { body }) {
      const answer = script.answer?.(n) ?? 200
      const [status, headers] = Array.isArray(answer) ? answer : [answer, {}]
      if (status === 'reset') {
        reset(res)
        return
      }
      if (status < 300) stored.push(...body.toString().split(','))
      res.writeHead(status, { ...headers }).end()
    },
  })
  cleanups.push(() => backend.close())
  return { backend, stored }
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i))

describe('export faults', () => {
  it.each<[string, number | [number, object]]>([
    ['1: 503 with Retry-After in seconds', [503, { 'retry-after': '20' }]],
    ['2: 503 with Retry-After as a date', [503, { 'retry-after': 'Thu, 01 Jan 2026 00:00:25 GMT' }]],
    ['3: 429 without a header', 429],
    ['4: 502', 502],
    ['4: 504', 504],
  ])('%s: everything is delivered once', async (_name, failure) => {
    const { backend, stored } = await storeOf({ answer: (n) => (n === 1 ? failure : 200) })
    const pipeline = pipelineTo(backend.url)
    pipeline.offer(500)
    await pipeline.drain()
    expect(stored).toEqual(numbers(500))
    expect(backend.requests).toHaveLength(2)
    // The first attempt is at 5 s; what the backend asked for is not undercut, and without it the backoff waits half a second.
    expect(pipeline.clock.monotonicMs()).toBe(Array.isArray(failure) ? 25_000 : 5_500)
    expect([pipeline.dropped(), pipeline.messages]).toEqual([{}, []])
  })

  it.each([
    ['5: 400', 400],
    ['6: 500', 500],
  ])(
    '%s: that batch is dropped once, with one line and a counter, and later batches flow',
    async (_name, status) => {
      const { backend, stored } = await storeOf({ answer: (n) => (n === 1 ? status : 200) })
      const pipeline = pipelineTo(backend.url)
      pipeline.offer(300)
      await pipeline.drain()
      pipeline.offer(200)
      await pipeline.drain()
      expect(stored).toEqual(numbers(500).slice(300))
      expect(pipeline.dropped()).toEqual({ REFUSED: 300 })
      expect(pipeline.messages).toEqual([
        `traces: ${backend.url} answered ${status}; 300 spans lost, for this is not tried again; 300 dropped so far`,
      ])
    },
  )

  it('7: a reset after the body: everything is delivered', async () => {
    const { backend, stored } = await storeOf({ answer: (n) => (n === 1 ? 'reset' : 200) })
    const pipeline = pipelineTo(backend.url)
    pipeline.offer(500)
    await pipeline.drain()
    expect([stored, pipeline.dropped()]).toEqual([numbers(500), {}])
  })

  it('8: a reset before the body: everything is delivered', async () => {
    const { backend, stored } = await storeOf({
      head(n, req) {
        if (n === 1) req.socket.resetAndDestroy()
        return n > 1
      },
    })
    const pipeline = pipelineTo(backend.url)
    pipeline.offer(500)
    await pipeline.drain()
    expect([stored, pipeline.dropped()]).toEqual([numbers(500), {}])
  })

  it('9: accepted, then reset: nothing is lost, and at most one batch comes twice', async () => {
    const stored: string[] = []
    const backend = await startBackend({
      answer(n, res, { body }) {
        stored.push(...body.toString().split(','))
        if (n === 1) reset(res)
        else res.end()
      },
    })
    cleanups.push(() => backend.close())
    const pipeline = pipelineTo(backend.url, { maxBatchRecords: 100 })
    pipeline.offer(300)
    await pipeline.drain()
    expect(stored).toEqual([...numbers(100), ...numbers(300)])
    expect(pipeline.dropped()).toEqual({})
  })

  it('10: a backend that hangs: the attempt ends before the budget does, is made again, and nothing is lost', async () => {
    const stored: string[] = []
    const backend = await startBackend({
      answer(n, res, { body }) {
        if (n === 1) return
        stored.push(...body.toString().split(','))
        res.end()
      },
    })
    cleanups.push(() => backend.close())
    const pipeline = pipelineTo(backend.url)
    pipeline.offer(100)
    await pipeline.clock.advance(5_000)
    await until(() => backend.requests.length === 1)
    await pipeline.clock.advance(10_000)
    await pipeline.drain()
    expect([stored, pipeline.dropped()]).toEqual([numbers(100), {}])
    expect(pipeline.clock.monotonicMs()).toBe(15_500)
  })

  it('11: an answer that takes three seconds: everything is delivered once', async () => {
    const held: (() => void)[] = []
    const backend = await startBackend({ answer: (_n, res) => void held.push(() => res.end()) })
    cleanups.push(() => backend.close())
    const pipeline = pipelineTo(backend.url)
    pipeline.offer(100)
    await pipeline.clock.advance(5_000)
    await until(() => held.length === 1)
    await pipeline.clock.advance(3_000)
    expect(pipeline.delivery.queuedRecords).toBe(100)
    held[0]?.()
    await pipeline.drain()
    expect([backend.requests.length, pipeline.dropped()]).toEqual([1, {}])
  })

  it('12: partial success: the rejected are counted, the message is told, and nothing is sent again', async () => {
    const backend = await startBackend({
      answer(_n, res) {
        const body = Buffer.from('0a0d0803120974656e616e74206e6f', 'hex')
        res.writeHead(200, { 'content-type': 'application/x-protobuf' }).end(body)
      },
    })
    cleanups.push(() => backend.close())
    const pipeline = pipelineTo(backend.url)
    pipeline.offer(10)
    await pipeline.drain()
    await pipeline.clock.advance(120_000)
    expect([backend.requests.length, pipeline.dropped()]).toEqual([1, { REFUSED: 3 }])
    expect(pipeline.messages).toEqual([
      `traces: ${backend.url} answered 200: tenant no; 3 of 10 spans were rejected; 3 dropped so far`,
    ])
  })

  it.each([
    ['13: garbage', Buffer.from('\0\xff garbage'), {}],
    ['14: an answer of 8 MiB', Buffer.alloc(8 * 1024 * 1024), { REFUSED: 10 }],
  ])('%s: nothing is sent twice, and one warning is given', async (_name, body, dropped) => {
    const backend = await startBackend({
      answer(_n, res) {
        res.on('error', () => undefined)
        res.writeHead(200, { 'content-type': 'application/x-protobuf' }).end(body)
      },
    })
    cleanups.push(() => backend.close())
    const pipeline = pipelineTo(backend.url)
    pipeline.offer(10)
    await pipeline.drain()
    await pipeline.clock.advance(120_000)
    expect([backend.requests.length, pipeline.messages.length]).toEqual([1, 1])
    expect(pipeline.dropped()).toEqual(dropped)
  })

  it('15: a collector that starts late: everything is delivered', async () => {
    const port = await freePort()
    const pipeline = pipelineTo(`http://127.0.0.1:${port}/v1/traces`)
    pipeline.offer(500)
    for (let i = 0; i < 75; i++) await pipeline.step(100)
    expect(pipeline.delivery.queuedRecords).toBe(500)
    const { stored } = await storeOf({ port })
    await pipeline.drain()
    expect([stored, pipeline.dropped()]).toEqual([numbers(500), {}])
  })

  it('16: a collector that is down for good: the end is bounded, and the loss counted and explained', async () => {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}/v1/traces`
    const pipeline = pipelineTo(url)
    pipeline.offer(500)
    let ended: boolean | undefined
    void pipeline.delivery.shutdown().then((value) => {
      ended = value
    })
    while (ended === undefined) await pipeline.step(100)
    expect(ended).toBe(false)
    expect(pipeline.clock.monotonicMs()).toBeLessThanOrEqual(5_000)
    expect(pipeline.dropped()).toEqual({ SHUTDOWN: 500 })
    const told = `traces: ${url} cannot be reached: connect ECONNREFUSED 127.0.0.1:${port}; is the collector running at 127.0.0.1:${port}?`
    expect(pipeline.messages).toEqual([
      `${told}; 500 spans to be sent again after 2 attempts; 0 dropped so far`,
      `traces: 500 spans could not be sent before the end: ${told.slice('traces: '.length)}; 500 dropped so far`,
    ])
    const again = pipelineTo(url)
    again.offer(3)
    const flushed = again.delivery.shutdown(100)
    await again.step(0)
    await again.step(100)
    expect(await flushed).toBe(false)
    expect(again.messages).toEqual([
      `traces: 3 spans could not be sent before the end: ${told.slice('traces: '.length)}; 3 dropped so far`,
    ])
  })

  it('17: a burst over the queue: what is lost is what is counted', async () => {
    const { backend, stored } = await storeOf({})
    const pipeline = pipelineTo(backend.url, { maxRecords: 1_000, maxBatchRecords: 300 })
    pipeline.offer(5_000)
    await pipeline.drain()
    expect(pipeline.dropped()).toEqual({ QUEUE_FULL: 4_000 })
    expect(stored).toEqual(numbers(1_000))
  })
})
