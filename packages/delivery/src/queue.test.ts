import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RecordQueue } from './queue.ts'

const record = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

function queueOf(maxRecords: number, maxBytes: number) {
  const dropped = { QUEUE_FULL: 0, TOO_LARGE: 0 }
  const queue = new RecordQueue({ maxRecords, maxBytes }, (reason, count) => {
    dropped[reason] += count
  })
  return { queue, dropped, taken: () => queue.take(1_000, 1_000_000)?.records.map(textOf) }
}

describe('record queue', () => {
  it('gives records back in the order of offering, of both classes', () => {
    const { queue, taken } = queueOf(10, 100)
    queue.offer(record('a'), false)
    queue.offer(record('b'), true)
    queue.offer(record('c'), false)
    queue.offer(record('d'), true)
    expect(taken()).toEqual(['a', 'b', 'c', 'd'])
  })

  it('drops an ordinary record that comes to a full queue', () => {
    const { queue, dropped, taken } = queueOf(2, 100)
    expect(['a', 'b', 'c'].map((text) => queue.offer(record(text), false))).toEqual([true, true, false])
    expect(dropped).toEqual({ QUEUE_FULL: 1, TOO_LARGE: 0 })
    expect(taken()).toEqual(['a', 'b'])
  })

  it('lets the oldest ordinary records make way for one to keep longer, as many as its bytes need', () => {
    const { queue, dropped, taken } = queueOf(10, 6)
    for (const text of ['aa', 'bb', 'cc']) queue.offer(record(text), false)
    expect(queue.offer(record('DDD'), true)).toBe(true)
    expect(dropped.QUEUE_FULL).toBe(2)
    expect(queue.bytes).toBe(5)
    expect(taken()).toEqual(['cc', 'DDD'])
  })

  it('drops one to keep longer where ordinary records could not make enough room, and spares them', () => {
    const { queue, dropped, taken } = queueOf(10, 6)
    queue.offer(record('AAA'), true)
    queue.offer(record('bb'), false)
    expect(queue.offer(record('CCCC'), true)).toBe(false)
    expect(dropped.QUEUE_FULL).toBe(1)
    expect(taken()).toEqual(['AAA', 'bb'])
  })

  it('drops a record larger than the whole queue as too large, and evicts nothing for it', () => {
    const { queue, dropped } = queueOf(10, 4)
    queue.offer(record('a'), false)
    expect(queue.offer(record('12345'), true)).toBe(false)
    expect(queue.offer(record('1234'), true)).toBe(true)
    expect(dropped).toEqual({ QUEUE_FULL: 1, TOO_LARGE: 1 })
  })

  it('counts what is in flight inside the bound until it is released', () => {
    const { queue, dropped, taken } = queueOf(2, 100)
    queue.offer(record('a'), false)
    queue.offer(record('b'), false)
    expect(taken()).toEqual(['a', 'b'])
    expect(queue.offer(record('c'), true)).toBe(false)
    expect([queue.records, queue.bytes, queue.waitingRecords]).toEqual([2, 2, 0])
    queue.release()
    expect(queue.offer(record('c'), true)).toBe(true)
    expect(dropped.QUEUE_FULL).toBe(1)
  })

  it('takes a record larger than a batch alone', () => {
    const { queue } = queueOf(10, 100)
    for (const text of ['1234567890', 'b', 'c', 'd']) queue.offer(record(text), false)
    const sizes: number[] = []
    for (let batch = queue.take(2, 4); batch !== undefined; batch = queue.take(2, 4)) {
      sizes.push(batch.records.length)
      queue.release()
    }
    expect(sizes).toEqual([1, 2, 1])
  })

  it('copies a record to keep longer out of the memory it shares with others', () => {
    const { queue } = queueOf(10, 100)
    const slab = new Uint8Array(1_000)
    queue.offer(slab.subarray(0, 10), true)
    expect(queue.take(1, 100)?.records[0]?.buffer.byteLength).toBe(10)
  })

  it('never passes its bounds, never loses a record uncounted, and keeps the order, whatever comes', () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ offer: fc.nat(12), keepLonger: fc.boolean() }) },
      { weight: 1, arbitrary: fc.record({ take: fc.integer({ min: 1, max: 6 }) }) },
      { weight: 1, arbitrary: fc.constant('release' as const) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const { queue, dropped } = queueOf(8, 40)
        let offered = 0
        let sent = 0
        let inFlight = 0
        let lastPlace = 0
        for (const one of steps) {
          if (one === 'release') {
            sent += inFlight
            inFlight = 0
            queue.release()
          } else if ('take' in one) {
            if (inFlight > 0) continue
            const batch = queue.take(one.take, 20)
            inFlight = batch?.records.length ?? 0
            expect(batch?.firstPlace ?? lastPlace + 1).toBeGreaterThan(lastPlace)
            lastPlace = batch?.firstPlace ?? lastPlace
          } else {
            offered++
            queue.offer(new Uint8Array(one.offer), one.keepLonger)
          }
          expect(queue.records).toBeLessThanOrEqual(8)
          expect(queue.bytes).toBeLessThanOrEqual(40)
          expect(sent + dropped.QUEUE_FULL + dropped.TOO_LARGE + queue.records).toBe(offered)
          expect(queue.holdsUpTo(queue.lastPlace)).toBe(queue.records > 0)
        }
      }),
      { numRuns: 200, seed: 4 },
    )
  })
})
