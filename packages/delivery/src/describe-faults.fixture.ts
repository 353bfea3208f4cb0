/**
 * The export faults of the reliability list, over each protocol of OTLP, with a real backend on a loopback socket and time
 * turned by hand.
 *
 * In each of them what was offered is delivered, or counted as lost and told.
 */
import { createDiagnostics, type DiagnosticMessage } from '@triscope/core'
import { createManualClock, type ManualClock } from '@triscope/testing'
import { afterEach, describe, expect, it } from 'vitest'
import type { Call, FaultBackend, FaultScript, Protocol } from './faulty-backend.fixture.ts'
import { createDelivery, type Delivery, type DeliveryOptions, type SenderThread } from './index.ts'
import { freePort, until } from './scripted-backend.fixture.ts'

const cleanups: (() => unknown)[] = []

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

function pipelineTo(protocol: Way, url: string, options: Partial<DeliveryOptions> = {}): Pipeline {
  const clock = createManualClock()
  const said: DiagnosticMessage[] = []
  const diagnostics = createDiagnostics({ clock, onMessage: (message) => said.push(message) })
  const sender = protocol.createSender(url, { clock, diagnostics, thread: protocol.thread })
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
        const result = await sender.send(body, timeoutMs)
        underWay--
        return result
      },
      close: () => sender.close(),
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

/** A protocol, and where attempts are made. */
export interface Way extends Protocol {
  readonly thread: SenderThread
}

/** A backend that keeps the records of every request it accepts; `answer` may do otherwise, and then says `true`. */
async function storeOf(
  protocol: Protocol,
  { answer, ...script }: Omit<FaultScript, 'answer'> & { answer?: (n: number, call: Call) => boolean } = {},
): Promise<{ backend: FaultBackend; stored: string[] }> {
  const stored: string[] = []
  const backend = await backendOf(protocol, {
    ...script,
    answer(n, call, records) {
      if (answer?.(n, call) === true) return
      stored.push(...records)
      call.accept()
    },
  })
  return { backend, stored }
}

async function backendOf(protocol: Protocol, script: FaultScript): Promise<FaultBackend> {
  const backend = await protocol.start(script)
  cleanups.push(() => backend.close())
  return backend
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i))

/** Promises each of them for every way that is given. */
export function describeFaults(ways: readonly Way[]): void {
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
  })
  describe.each(ways)('export faults over $name, sent from the $thread thread', faultsOver)
}

function faultsOver(protocol: Way): void {
  it.each(protocol.retried)('%s: everything is delivered once', async (_name, failure, waitMs) => {
    const { backend, stored } = await storeOf(protocol, {
      answer(n, call) {
        if (n === 1) call.fail(failure)
        return n === 1
      },
    })
    const pipeline = pipelineTo(protocol, backend.url)
    pipeline.offer(500)
    await pipeline.drain()
    expect(stored).toEqual(numbers(500))
    expect(backend.requests).toHaveLength(2)
    // The first attempt is at 5 s; what the backend asked for is not undercut, and without it the backoff waits half a second.
    const over = pipeline.clock.monotonicMs() - 5_000 - waitMs
    // In a thread real time goes on, and a date comes nearer.
    expect(protocol.thread === 'main' ? over === 0 : over <= 0 && over > -2_000).toBe(true)
    expect([pipeline.dropped(), pipeline.messages]).toEqual([{}, []])
  })

  it.each(protocol.refused)(
    '%s: that batch is dropped once, with one line and a counter, and later batches flow',
    async (_name, failure, words) => {
      const { backend, stored } = await storeOf(protocol, {
        answer(n, call) {
          if (n === 1) call.fail(failure)
          return n === 1
        },
      })
      const pipeline = pipelineTo(protocol, backend.url)
      pipeline.offer(300)
      await pipeline.drain()
      pipeline.offer(200)
      await pipeline.drain()
      expect(stored).toEqual(numbers(500).slice(300))
      expect(pipeline.dropped()).toEqual({ REFUSED: 300 })
      expect(pipeline.messages).toEqual([
        `traces: ${shown(backend.url)} answered ${words}; 300 spans lost, for this is not tried again; 300 dropped so far`,
      ])
    },
  )

  it('7: a reset after the body: everything is delivered', async () => {
    const { backend, stored } = await storeOf(protocol, {
      answer(n, call) {
        if (n === 1) call.reset()
        return n === 1
      },
    })
    const pipeline = pipelineTo(protocol, backend.url)
    pipeline.offer(500)
    await pipeline.drain()
    expect([backend.requests.length, stored, pipeline.dropped()]).toEqual([2, numbers(500), {}])
  })

  it('8: a reset before the body: everything is delivered', async () => {
    let heads = 0
    const { backend, stored } = await storeOf(protocol, {
      takesBody(n) {
        heads = n
        return n > 1
      },
    })
    const pipeline = pipelineTo(protocol, backend.url)
    pipeline.offer(500)
    await pipeline.drain()
    expect([heads, stored, pipeline.dropped()]).toEqual([2, numbers(500), {}])
  })

  it('9: accepted, then reset: nothing is lost, and at most one batch comes twice', async () => {
    const stored: string[] = []
    const backend = await backendOf(protocol, {
      answer(n, call, records) {
        stored.push(...records)
        if (n === 1) call.reset()
        else call.accept()
      },
    })
    const pipeline = pipelineTo(protocol, backend.url, { maxBatchRecords: 100 })
    pipeline.offer(300)
    await pipeline.drain()
    expect(stored).toEqual([...numbers(100), ...numbers(300)])
    expect(pipeline.dropped()).toEqual({})
  })

  it('10: a backend that hangs: the attempt ends before the budget does, is made again, and nothing is lost', async () => {
    const { backend, stored } = await storeOf(protocol, { answer: (n) => n === 1 })
    const pipeline = pipelineTo(protocol, backend.url)
    pipeline.offer(100)
    await pipeline.clock.advance(5_000)
    await until(() => backend.requests.length === 1)
    await pipeline.clock.advance(10_000)
    await pipeline.drain()
    expect([stored, pipeline.dropped()]).toEqual([numbers(100), {}])
    expect(pipeline.clock.monotonicMs()).toBe(15_500)
  })

  it('11: an answer that takes three seconds: everything is delivered once', async () => {
    const held: Call[] = []
    const backend = await backendOf(protocol, { answer: (_n, call) => void held.push(call) })
    const pipeline = pipelineTo(protocol, backend.url)
    pipeline.offer(100)
    await pipeline.clock.advance(5_000)
    await until(() => held.length === 1)
    await pipeline.clock.advance(3_000)
    expect(pipeline.delivery.queuedRecords).toBe(100)
    held[0]?.accept()
    await pipeline.drain()
    expect([backend.requests.length, pipeline.dropped()]).toEqual([1, {}])
  })

  it('12: partial success: the rejected are counted, the message is told, and nothing is sent again', async () => {
    const backend = await backendOf(protocol, { answer: (_n, call) => call.partial(3, 'tenant no') })
    const pipeline = pipelineTo(protocol, backend.url)
    pipeline.offer(10)
    await pipeline.drain()
    await pipeline.clock.advance(120_000)
    expect([backend.requests.length, pipeline.dropped()]).toEqual([1, { REFUSED: 3 }])
    expect(pipeline.messages).toEqual([
      `traces: ${shown(backend.url)} answered ${protocol.ok}: tenant no; 3 of 10 spans were rejected; 3 dropped so far`,
    ])
  })

  it.each([
    ['13: garbage', Buffer.from('\0\xff garbage'), {}],
    ['14: an answer of 8 MiB', Buffer.alloc(8 * 1024 * 1024), { REFUSED: 10 }],
  ])('%s: nothing is sent twice, and one warning is given', async (_name, body, dropped) => {
    const backend = await backendOf(protocol, { answer: (_n, call) => call.answer(body) })
    const pipeline = pipelineTo(protocol, backend.url)
    pipeline.offer(10)
    await pipeline.drain()
    await pipeline.clock.advance(120_000)
    expect([backend.requests.length, pipeline.messages.length]).toEqual([1, 1])
    expect(pipeline.dropped()).toEqual(dropped)
  })

  it('15: a collector that starts late: everything is delivered', async () => {
    const port = await freePort()
    const pipeline = pipelineTo(protocol, protocol.urlOf(port))
    pipeline.offer(500)
    for (let i = 0; i < 75; i++) await pipeline.step(100)
    expect(pipeline.delivery.queuedRecords).toBe(500)
    const { stored } = await storeOf(protocol, { port })
    await pipeline.drain()
    expect([stored, pipeline.dropped()]).toEqual([numbers(500), {}])
  })

  it('16: a collector that is down for good: the end is bounded, and the loss counted and explained', async () => {
    const port = await freePort()
    const url = protocol.urlOf(port)
    const pipeline = pipelineTo(protocol, url)
    pipeline.offer(500)
    let ended: boolean | undefined
    void pipeline.delivery.shutdown().then((value) => {
      ended = value
    })
    while (ended === undefined) await pipeline.step(100)
    expect(ended).toBe(false)
    expect(pipeline.clock.monotonicMs()).toBeLessThanOrEqual(5_000)
    expect(pipeline.dropped()).toEqual({ SHUTDOWN: 500 })
    const told = `traces: ${shown(url)} cannot be reached: connect ECONNREFUSED 127.0.0.1:${port}; is the collector running at 127.0.0.1:${port}?`
    expect(pipeline.messages).toEqual([
      `${told}; 500 spans to be sent again after 2 attempts; 0 dropped so far`,
      `traces: 500 spans could not be sent before the end: ${told.slice('traces: '.length)}; 500 dropped so far`,
    ])
    const again = pipelineTo(protocol, url)
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
    const { backend, stored } = await storeOf(protocol)
    const pipeline = pipelineTo(protocol, backend.url, { maxRecords: 1_000, maxBatchRecords: 300 })
    pipeline.offer(5_000)
    await pipeline.drain()
    expect(pipeline.dropped()).toEqual({ QUEUE_FULL: 4_000 })
    expect(stored).toEqual(numbers(1_000))
  })

  it.each([5_000, 100_000])(
    '17: a burst of %i in one tick is counted to the last',
    { timeout: 30_000 },
    async (burst) => {
      const { backend, stored } = await storeOf(protocol)
      const pipeline = pipelineTo(protocol, backend.url)
      pipeline.offer(burst)
      const held = Math.min(burst, 16_384)
      expect(pipeline.delivery.queuedRecords).toBe(held)
      await pipeline.drain()
      expect(stored).toEqual(numbers(held))
      expect(pipeline.dropped()).toEqual(burst === held ? {} : { QUEUE_FULL: burst - held })
    },
  )

  it('18: ten minutes without a backend, at 200 a second: bounded, counted, and over within one retry interval', {
    timeout: 30_000,
  }, async () => {
    const port = await freePort()
    const pipeline = pipelineTo(protocol, protocol.urlOf(port))
    for (let second = 0; second < 600; second++) {
      pipeline.offer(200)
      await pipeline.step(1_000)
      expect(pipeline.delivery.queuedRecords).toBeLessThanOrEqual(16_384)
      expect(pipeline.delivery.queuedBytes).toBeLessThanOrEqual(8 * 1024 * 1024)
    }
    expect(pipeline.delivery.queuedRecords).toBe(16_384)
    const lost = Object.values(pipeline.dropped()).reduce((sum, count) => sum + count, 0)
    expect(lost).toBe(600 * 200 - 16_384)
    const { stored } = await storeOf(protocol, { port })
    const upMs = pipeline.clock.monotonicMs()
    await pipeline.drain()
    expect(pipeline.clock.monotonicMs() - upMs).toBeLessThanOrEqual(30_000)
    expect(stored).toHaveLength(16_384)
    expect(new Set(stored).size).toBe(16_384)
    expect(pipeline.messages.length).toBeLessThanOrEqual(2 * 11)
  })
}

/** As messages show it: with a path. */
function shown(url: string): string {
  return new URL(url).href
}
