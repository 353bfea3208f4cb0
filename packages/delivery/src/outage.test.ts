/** Fault 18 of the reliability list: ten minutes without a backend, at 200 spans a second. */
import { describe, expect, it } from 'vitest'
import { ACCEPTED, AWAY, scriptedDelivery } from './scripted-delivery.fixture.ts'

describe('an outage of ten minutes at 200 spans a second', () => {
  it('holds no more than the queue, counts every loss, and recovers within one retry interval', async () => {
    let up = true
    const t = scriptedDelivery(() => (up ? ACCEPTED : AWAY), { random: () => 0.999 })
    const second = async (): Promise<void> => {
      t.offer(198)
      t.offer(2, true)
      await t.clock.advance(1_000)
    }
    for (let i = 0; i < 10; i++) await second()
    expect(t.dropped()).toEqual({})
    up = false
    for (let i = 0; i < 600; i++) {
      await second()
      expect(t.delivery.queuedRecords).toBeLessThanOrEqual(16_384)
    }
    const lost = Object.values(t.dropped()).reduce((sum, count) => sum + count, 0)
    expect(t.delivery.queuedRecords).toBe(16_384)
    expect(lost + t.accepted.length + t.delivery.queuedRecords).toBe(610 * 200)
    expect(lost).toBeGreaterThan(90_000)
    up = true
    const before = t.accepted.length
    await t.clock.advance(30_000)
    expect(t.accepted.length - before).toBe(16_384)
    expect(t.delivery.queuedRecords).toBe(0)
    expect(t.missing()).toBe(0)
    // Twenty minutes of trouble are a handful of lines, and each tells the whole loss so far.
    expect(t.messages.length).toBeLessThanOrEqual(2 * 11)
    expect(t.messages.at(-1)?.message).toMatch(/ \d{5} dropped so far$/)
  })
})
