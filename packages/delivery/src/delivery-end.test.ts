/** What `flush` and `shutdown` promise, whatever the backend does meanwhile. Faults 16 and 27 of the reliability list. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SendResult } from './index.ts'
import {
  ACCEPTED,
  AWAY,
  REFUSED,
  type ScriptedDelivery,
  scriptedDelivery,
} from './scripted-delivery.fixture.ts'

/** How a promise stands now. */
function watch(promise: Promise<boolean>): { value: boolean | 'pending' } {
  const state: { value: boolean | 'pending' } = { value: 'pending' }
  void promise.then((value) => {
    state.value = value
  })
  return state
}

describe('flush', () => {
  it('resolves at once where nothing is queued, and sets no timer', async () => {
    const t = scriptedDelivery(() => ACCEPTED)
    expect(await t.delivery.flush()).toBe(true)
    expect(t.clock.timers).toBe(0)
  })

  it('sends all that was offered before it, batch after batch, without waiting for the delay', async () => {
    const t = scriptedDelivery(() => ACCEPTED, { maxBatchRecords: 4 })
    t.offer(10)
    const flushed = t.delivery.flush()
    await t.clock.advance(0)
    expect(await flushed).toBe(true)
    expect(t.attempts.map(({ records }) => records.length)).toEqual([4, 4, 2])
    expect(t.clock.timers).toBe(0)
  })

  it('does not wait for what was offered after it', async () => {
    const t = scriptedDelivery(() => 'hang', { maxBatchRecords: 2 })
    t.offer(2)
    const first = watch(t.delivery.flush())
    await t.clock.advance(0)
    t.offer(2)
    t.attempts[0]?.answer(ACCEPTED)
    await t.clock.advance(0)
    expect(first.value).toBe(true)
    expect(t.delivery.queuedRecords).toBe(2)
  })

  it('resolves true when what it waited for is counted as lost', async () => {
    const t = scriptedDelivery(() => REFUSED)
    t.offer(3)
    const flushed = watch(t.delivery.flush())
    await t.clock.advance(0)
    expect(flushed.value).toBe(true)
    expect(t.dropped()).toEqual({ REFUSED: 3 })
  })

  it('resolves false when time runs out, and loses nothing', async () => {
    const t = scriptedDelivery(() => 'hang')
    t.offer(3)
    const flushed = watch(t.delivery.flush(2_000))
    await t.clock.advance(1_999)
    expect(flushed.value).toBe('pending')
    await t.clock.advance(1)
    expect(flushed.value).toBe(false)
    expect([t.delivery.queuedRecords, t.missing()]).toEqual([3, 0])
    t.attempts[0]?.answer(ACCEPTED)
    await t.clock.advance(0)
    expect(t.accepted).toHaveLength(3)
  })

  it('cuts a backoff short, and keeps later ones to half a second', async () => {
    const t = scriptedDelivery((n) => (n < 8 ? AWAY : ACCEPTED), { random: () => 0.999 })
    t.offer(1)
    await t.clock.advance(12_000)
    expect(t.attempts.map(({ atMs }) => atMs)).toEqual([5_000, 5_999, 7_997, 11_993])
    await t.clock.advance(3_000)
    const flushed = watch(t.delivery.flush(10_000))
    await t.clock.advance(10_000)
    expect(t.attempts.slice(4).map(({ atMs }) => atMs)).toEqual([15_000, 15_500, 16_000, 16_500])
    expect(flushed.value).toBe(true)
  })

  it('honours a Retry-After all the same', async () => {
    const t = scriptedDelivery((n) => (n === 1 ? { ...AWAY, afterMs: 8_000 } : ACCEPTED))
    t.offer(1)
    await t.clock.advance(5_000)
    const short = watch(t.delivery.flush(5_000))
    const long = watch(t.delivery.flush(9_000))
    await t.clock.advance(7_999)
    expect([t.attempts.length, short.value, long.value]).toEqual([1, false, 'pending'])
    await t.clock.advance(1)
    expect([t.attempts.length, long.value]).toEqual([2, true])
  })
})

describe('shutdown', () => {
  it('flushes, closes the sender, leaves no timer, and is the same promise twice', async () => {
    const t = scriptedDelivery(() => ACCEPTED)
    t.offer(3)
    const first = t.delivery.shutdown()
    expect(t.delivery.shutdown(1)).toBe(first)
    await t.clock.advance(0)
    expect(await first).toBe(true)
    expect([t.accepted.length, t.closed, t.clock.timers]).toEqual([3, true, 0])
    expect(await t.delivery.flush()).toBe(true)
  })

  it('takes nothing afterwards, and counts what was offered', async () => {
    const t = scriptedDelivery(() => ACCEPTED)
    void t.delivery.shutdown()
    expect(t.delivery.offer(new Uint8Array(1))).toBe(false)
    await t.clock.advance(0)
    expect(t.delivery.offer(new Uint8Array(1), true)).toBe(false)
    expect(t.dropped()).toEqual({ SHUTDOWN: 2 })
    expect([t.attempts.length, t.clock.timers]).toEqual([0, 0])
  })

  it('is bounded by its timeout where the backend hangs, and counts what is left', async () => {
    const t = scriptedDelivery(() => 'hang', { maxBatchRecords: 2 })
    t.offer(5)
    const flushed = watch(t.delivery.flush(60_000))
    const ended = watch(t.delivery.shutdown())
    await t.clock.advance(4_999)
    expect(ended.value).toBe('pending')
    await t.clock.advance(1)
    expect([ended.value, flushed.value]).toEqual([false, false])
    expect(t.dropped()).toEqual({ SHUTDOWN: 5 })
    expect(t.messages.at(-1)?.message).toBe(
      'traces: 5 spans could not be sent before the end; 5 dropped so far',
    )
    expect([t.closed, t.clock.timers, t.delivery.queuedRecords, t.missing()]).toEqual([true, 0, 0, 0])
  })

  it('ends an attempt at the deadline, and blames no backend for time it did not get', async () => {
    const t = scriptedDelivery((n) => (n === 1 ? AWAY : 'hang'))
    t.offer(1)
    const ended = watch(t.delivery.shutdown(3_000))
    await t.clock.advance(2_999)
    expect(t.attempts.map(({ timeoutMs }) => timeoutMs)).toEqual([10_000, 10_000])
    await t.clock.advance(1)
    expect([ended.value, t.closed, t.clock.timers]).toEqual([false, true, 0])
    expect(t.messages.at(-1)?.message).toBe(
      'traces: 1 span could not be sent before the end: http://c:4318/ cannot be reached; 1 dropped so far',
    )
  })

  it('says what is lost at the end although the same minute told of a backend that is away', async () => {
    const t = scriptedDelivery(() => AWAY)
    t.offer(2)
    await t.clock.advance(10_000)
    expect(t.messages.map(({ code }) => code)).toEqual(['TRI_WARN_EXPORT'])
    const ended = watch(t.delivery.shutdown())
    await t.clock.advance(5_000)
    expect(ended.value).toBe(false)
    expect(t.messages.map(({ code, message }) => `${code} ${message}`).slice(1)).toEqual([
      'TRI_WARN_LOST_AT_END traces: 2 spans could not be sent before the end: http://c:4318/ cannot be reached; 2 dropped so far',
    ])
  })

  it('keeps trying a backend that is away until the deadline, and delivers when it comes back', async () => {
    const back = scriptedDelivery((n) => (n < 6 ? AWAY : ACCEPTED))
    back.offer(2)
    const ended = watch(back.delivery.shutdown())
    await back.clock.advance(5_000)
    expect([ended.value, back.accepted.length]).toEqual([true, 2])
    const down = scriptedDelivery(() => AWAY)
    down.offer(2)
    const never = watch(down.delivery.shutdown())
    await down.clock.advance(5_000)
    expect([never.value, down.dropped(), down.missing()]).toEqual([false, { SHUTDOWN: 2 }, 0])
    expect(down.attempts.length).toBeGreaterThan(5)
  })

  it('makes one last attempt where Retry-After reaches beyond the deadline, and does not sit it out', async () => {
    const t = scriptedDelivery(() => ({ ...AWAY, afterMs: 30_000 }), { maxBatchRecords: 2 })
    t.offer(2)
    await t.clock.advance(0)
    t.offer(3)
    const ended = watch(t.delivery.shutdown())
    await t.clock.advance(0)
    expect([t.attempts.length, ended.value]).toEqual([2, false])
    expect([t.dropped(), t.missing()]).toEqual([{ SHUTDOWN: 5 }, 0])
  })

  it('waits for a Retry-After that ends in time', async () => {
    const t = scriptedDelivery((n) => (n === 1 ? { ...AWAY, afterMs: 3_000 } : ACCEPTED))
    t.offer(1)
    const ended = watch(t.delivery.shutdown())
    await t.clock.advance(2_999)
    expect(t.attempts).toHaveLength(1)
    await t.clock.advance(1)
    expect([ended.value, t.accepted.length]).toEqual([true, 1])
  })

  it('goes on with the wait that the last batch ended in, if there is time, and once early if there is not', async () => {
    for (const [timeoutMs, attempts] of [
      [5_000, [5_000, 9_000]],
      [2_000, [5_000, 5_000]],
    ] as const) {
      const script = (n: number): SendResult => (n === 1 ? { ...AWAY, afterMs: 4_000 } : ACCEPTED)
      const t = scriptedDelivery(script, { retryForMs: 0 })
      t.offer(1)
      await t.clock.advance(5_000)
      t.offer(1)
      const ended = watch(t.delivery.shutdown(timeoutMs))
      await t.clock.advance(timeoutMs)
      expect(t.attempts.map(({ atMs }) => atMs)).toEqual(attempts)
      expect([ended.value, t.missing()]).toEqual([true, 0])
    }
  })
})

describe('the book', () => {
  const result = fc.constantFrom<SendResult | 'hang'>(
    ACCEPTED,
    { kind: 'accepted', rejected: 1, message: 'one' },
    AWAY,
    { ...AWAY, afterMs: 0 },
    { ...AWAY, afterMs: 2_500 },
    { ...AWAY, afterMs: 90_000 },
    REFUSED,
    'hang',
  )
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ offer: fc.nat(9), keepLonger: fc.boolean() }) },
    { weight: 4, arbitrary: fc.record({ advance: fc.constantFrom(0, 1, 700, 5_000, 40_000) }) },
    { weight: 2, arbitrary: fc.record({ answer: result }) },
    { weight: 1, arbitrary: fc.record({ flush: fc.constantFrom(0, 3_000) }) },
  )

  function balanced(t: ScriptedDelivery): void {
    expect(t.missing()).toBe(0)
    expect(t.delivery.queuedRecords).toBeLessThanOrEqual(12)
    expect(t.delivery.queuedBytes).toBeLessThanOrEqual(30)
    // A timer without anything queued would keep a process busy, and something queued without one would stay.
    if (t.delivery.queuedRecords === 0) expect(t.clock.timers).toBe(0)
  }

  it('balances after every step, in every scenario: offered is accepted, counted or queued', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.array(result), async (steps, results) => {
        const t = scriptedDelivery((n) => results[(n - 1) % Math.max(1, results.length)] ?? ACCEPTED, {
          maxRecords: 12,
          maxBytes: 30,
          maxBatchRecords: 4,
          maxBatchBytes: 12,
        })
        const flushes: { value: boolean | 'pending' }[] = []
        for (const one of steps) {
          if ('offer' in one) t.offer(one.offer, one.keepLonger)
          else if ('advance' in one) await t.clock.advance(one.advance)
          else if ('flush' in one) flushes.push(watch(t.delivery.flush(one.flush)))
          else if (one.answer !== 'hang') t.attempts.at(-1)?.answer(one.answer)
          await t.clock.advance(0)
          balanced(t)
        }
        const ended = watch(t.delivery.shutdown())
        await t.clock.advance(5_000)
        expect(ended.value).not.toBe('pending')
        expect(flushes.every(({ value }) => value !== 'pending')).toBe(true)
        expect([t.delivery.queuedRecords, t.clock.timers, t.closed]).toEqual([0, 0, true])
        balanced(t)
      }),
      { numRuns: 200, seed: 6 },
    )
  })
})
