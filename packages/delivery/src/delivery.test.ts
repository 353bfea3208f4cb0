import { ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { activeSpanContext, contextWithSpan, installContext, isUntraced } from '@triscope/core'
import { describe, expect, it } from 'vitest'
import { createDelivery, type Sender, type SendResult } from './index.ts'
import { ACCEPTED, AWAY, REFUSED, scriptedDelivery } from './scripted-delivery.fixture.ts'

const sizesOf = (attempts: readonly { records: readonly string[] }[]): number[] =>
  attempts.map(({ records }) => records.length)

const timesOf = (attempts: readonly { atMs: number }[]): number[] => attempts.map(({ atMs }) => atMs)

describe('delivery', () => {
  it('sends one batch when the delay of its first record has run out, and has a timer only until then', async () => {
    const t = scriptedDelivery(() => ACCEPTED)
    expect(t.clock.timers).toBe(0)
    t.offer(1)
    await t.clock.advance(3_000)
    t.offer(2)
    expect(t.clock.timers).toBe(1)
    await t.clock.advance(1_999)
    expect(t.attempts).toHaveLength(0)
    await t.clock.advance(1)
    expect(t.accepted).toEqual(['0', '1', '2'])
    expect(t.clock.timers).toBe(0)
    expect(t.delivery.queuedRecords).toBe(0)
  })

  it('sends at once when a batch is full, by records or by bytes, but not inside of offer', async () => {
    const byRecords = scriptedDelivery(() => ACCEPTED, { maxBatchRecords: 10 })
    byRecords.offer(25)
    expect(byRecords.attempts).toHaveLength(0)
    await byRecords.clock.advance(0)
    expect(sizesOf(byRecords.attempts)).toEqual([10, 10])
    await byRecords.clock.advance(5_000)
    expect(sizesOf(byRecords.attempts)).toEqual([10, 10, 5])

    const byBytes = scriptedDelivery(() => ACCEPTED, { maxBatchBytes: 4 })
    byBytes.offer(5)
    await byBytes.clock.advance(0)
    expect(sizesOf(byBytes.attempts)).toEqual([4])
  })

  it('has one batch in flight, whatever comes meanwhile', async () => {
    const t = scriptedDelivery(() => 'hang', { maxBatchRecords: 2 })
    t.offer(6)
    await t.clock.advance(1_000)
    void t.delivery.flush()
    await t.clock.advance(1_000)
    expect(t.attempts).toHaveLength(1)
    expect([t.delivery.queuedRecords, t.delivery.queuedBytes]).toEqual([6, 6])
    t.attempts[0]?.answer(ACCEPTED)
    await t.clock.advance(0)
    expect(t.attempts).toHaveLength(2)
    expect(t.delivery.queuedRecords).toBe(4)
  })

  it('retries with exponential backoff and full jitter, capped at 30 s', async () => {
    const t = scriptedDelivery(() => AWAY, { retryForMs: 200_000, random: () => 0.999 })
    t.offer(1)
    await t.clock.advance(100_000)
    const times = timesOf(t.attempts)
    const waits = times.slice(1).map((at, i) => Math.round(at - (times[i] ?? 0)))
    expect(waits).toEqual([999, 1998, 3996, 7992, 15984, 29970, 29970])
    const half = scriptedDelivery(() => AWAY, { retryForMs: 3_000, random: () => 0.5 })
    half.offer(1)
    await half.clock.advance(10_000)
    expect(timesOf(half.attempts)).toEqual([5_000, 5_500, 6_500, 8_000])
  })

  it('gives a batch up when its budget is spent, says so with the cause, and goes on with the next', async () => {
    const t = scriptedDelivery((n) => (n < 8 ? AWAY : ACCEPTED), { retryForMs: 20_000, maxBatchRecords: 3 })
    t.offer(4)
    await t.clock.advance(60_000)
    expect(t.dropped()).toEqual({ RETRIES_ENDED: 3 })
    expect(t.accepted).toEqual(['3'])
    expect(t.messages.map(({ message }) => message)).toContain(
      'traces: http://c:4318/ cannot be reached; 3 spans to be sent again after 2 attempts; 0 dropped so far',
    )
    expect(t.missing()).toBe(0)
  })

  it('tells how long it tried when it gives up, and every later message how much is lost', async () => {
    const t = scriptedDelivery(() => AWAY, { retryForMs: 0 })
    t.offer(7)
    await t.clock.advance(5_000)
    expect(t.messages.map(({ code, message }) => `${code} ${message}`)).toEqual([
      'TRI_WARN_EXPORT traces: http://c:4318/ cannot be reached; 7 spans given up after 1 attempt in 0 s; 7 dropped so far',
    ])
    expect(t.messages[0]?.error).toHaveProperty('cause', AWAY.cause)
  })

  it('waits as long as Retry-After asks, even past the budget, and then tries once more', async () => {
    const t = scriptedDelivery((n) => (n < 3 ? { ...AWAY, afterMs: 70_000 } : ACCEPTED), {
      retryForMs: 60_000,
    })
    t.offer(1)
    await t.clock.advance(75_000)
    expect(timesOf(t.attempts)).toEqual([5_000, 75_000])
    expect(t.dropped()).toEqual({ RETRIES_ENDED: 1 })
    t.offer(1)
    await t.clock.advance(69_999)
    expect(t.attempts).toHaveLength(2)
    await t.clock.advance(1)
    expect(t.accepted).toEqual(['1'])
    expect(t.missing()).toBe(0)
  })

  it('waits five minutes at most for a Retry-After of a year, and ignores one that is no time', async () => {
    const year = scriptedDelivery((n) => (n === 1 ? { ...AWAY, afterMs: 3e10 } : ACCEPTED))
    year.offer(1)
    await year.clock.advance(305_000)
    expect(timesOf(year.attempts)).toEqual([5_000, 305_000])
    for (const afterMs of [Number.NaN, -5]) {
      const odd = scriptedDelivery((n) => (n === 1 ? { ...AWAY, afterMs } : ACCEPTED))
      odd.offer(1)
      await odd.clock.advance(6_000)
      expect(timesOf(odd.attempts)).toEqual([5_000, 5_500])
    }
  })

  it('never asks in a busy loop, whatever jitter or the backend says', async () => {
    for (const result of [{ ...AWAY, afterMs: 0 }, AWAY]) {
      const t = scriptedDelivery(() => result, { random: () => 0, retryForMs: 1_000 })
      t.offer(1)
      await t.clock.advance(6_500)
      expect(t.attempts.map(({ atMs }) => atMs).slice(0, 4)).toEqual([5_000, 5_000, 5_100, 5_200])
      expect([t.attempts.length, t.dropped()]).toEqual([12, { RETRIES_ENDED: 1 }])
    }
  })

  it('drops a refused batch once, says why, and later batches flow', async () => {
    const t = scriptedDelivery((n) => (n === 1 ? REFUSED : ACCEPTED))
    t.offer(3)
    await t.clock.advance(5_000)
    t.offer(2)
    await t.clock.advance(5_000)
    expect(sizesOf(t.attempts)).toEqual([3, 2])
    expect(t.dropped()).toEqual({ REFUSED: 3 })
    expect(t.accepted).toEqual(['3', '4'])
    expect(t.messages.map(({ message }) => message)).toEqual([
      'traces: http://c:4318/ answered 400; 3 spans lost, for this is not tried again; 3 dropped so far',
    ])
    expect(t.point('otel_sdk_exporter_span_exported_total')).toBe(2)
    expect(t.point('otel_sdk_exporter_span_exported_total', { error_type: '_OTHER' })).toBe(3)
  })

  it('counts what a partial success rejected, repeats its message, and sends nothing again', async () => {
    const t = scriptedDelivery(() => ({
      kind: 'accepted',
      rejected: 2,
      message: 'http://c answered 200: too old',
    }))
    t.offer(5)
    await t.clock.advance(120_000)
    expect(t.attempts).toHaveLength(1)
    expect(t.dropped()).toEqual({ REFUSED: 2 })
    expect(t.messages.map(({ message }) => message)).toEqual([
      'traces: http://c answered 200: too old; 2 of 5 spans were rejected; 2 dropped so far',
    ])
    expect(t.point('otel_sdk_exporter_span_exported_total')).toBe(3)
    expect(t.point('otel_sdk_exporter_span_exported_total', { error_type: 'rejected' })).toBe(2)
    expect(t.missing()).toBe(0)
  })

  it('believes no backend that rejects more than it got, or less than nothing', async () => {
    for (const [rejected, lost] of [
      [1e9, 5],
      [Number.POSITIVE_INFINITY, 5],
      [-3, 0],
      [Number.NaN, 0],
    ] as const) {
      const t = scriptedDelivery(() => ({ kind: 'accepted', rejected }))
      t.offer(5)
      await t.clock.advance(5_000)
      expect(t.dropped()['REFUSED'] ?? 0).toBe(lost)
      expect(t.point('otel_sdk_exporter_span_exported_total')).toBe(5 - lost)
    }
  })

  it('shows the queue and its work under the names of the conventions, and takes the gauges away at the end', async () => {
    const t = scriptedDelivery(() => 'hang', { maxRecords: 4, maxBatchRecords: 2 })
    expect(t.point('otel_sdk_exporter_span_exported_total')).toBe(0)
    expect(t.point('otel_sdk_processor_span_queue_capacity')).toBe(4)
    t.offer(6)
    await t.clock.advance(0)
    expect(t.point('otel_sdk_processor_span_queue_size')).toBe(4)
    expect(t.point('otel_sdk_processor_span_processed_total', { error_type: 'queue_full' })).toBe(2)
    expect(t.point('otel_sdk_processor_span_processed_total')).toBe(2)
    const ended = t.delivery.shutdown(1_000)
    await t.clock.advance(1_000)
    expect(await ended).toBe(false)
    expect(t.point('otel_sdk_processor_span_queue_size')).toBeUndefined()
    expect(t.point('otel_sdk_processor_span_processed_total', { error_type: 'already_shutdown' })).toBe(2)
    expect(t.point('otel_sdk_exporter_span_exported_total', { error_type: 'already_shutdown' })).toBe(2)
    expect(t.missing()).toBe(0)
  })

  it('says that the queue is full once for each batch, not for each record', () => {
    const t = scriptedDelivery(() => ACCEPTED, { maxRecords: 3, maxBatchRecords: 100 })
    t.offer(1_000)
    expect(t.messages.map(({ code, message }) => `${code} ${message}`)).toEqual([
      'TRI_WARN_QUEUE_FULL traces: the queue is full with 3 of 3 records and 3 of 8388608 bytes; 1 dropped so far',
    ])
    expect(t.point('triscope_telemetry_failures_total', { code: 'TRI_WARN_QUEUE_FULL' })).toBe(1)
    expect(t.dropped()).toEqual({ QUEUE_FULL: 997 })
  })

  it('keeps errored spans at the cost of others when the queue is full', async () => {
    const t = scriptedDelivery(() => ACCEPTED, { maxRecords: 3 })
    t.offer(3)
    t.offer(2, true)
    t.offer(1)
    await t.clock.advance(5_000)
    expect(t.accepted).toEqual(['2', '3', '4'])
    expect(t.dropped()).toEqual({ QUEUE_FULL: 3 })
  })

  it('counts a record too large for the queue, and a request too large for OTLP', async () => {
    const record = scriptedDelivery(() => ACCEPTED, { maxBytes: 10 })
    expect(record.delivery.offer(new Uint8Array(11))).toBe(false)
    expect(record.dropped()).toEqual({ TOO_LARGE: 1 })
    expect(record.clock.timers).toBe(0)
    const request = scriptedDelivery(() => ACCEPTED, { frame: () => new Uint8Array(64 * 1024 * 1024 + 1) })
    request.offer(2)
    await request.clock.advance(5_000)
    expect(request.dropped()).toEqual({ TOO_LARGE: 2 })
    expect(request.attempts).toHaveLength(0)
  })

  it('survives a frame that throws and a sender that breaks its word', async () => {
    const frame = scriptedDelivery(() => ACCEPTED, {
      frame: () => {
        throw new Error('no frame')
      },
    })
    frame.offer(2)
    await frame.clock.advance(5_000)
    expect(frame.dropped()).toEqual({ HOOK_THREW: 2 })
    expect(frame.messages[0]?.message).toContain('no frame')
    const unreadable = Object.defineProperty({}, 'code', {
      get() {
        throw new Error('getter')
      },
    })
    const bad: Sender[] = [
      { send: () => Promise.reject(new Error('rejected')), close: () => undefined },
      {
        send: () => {
          throw unreadable
        },
        close() {
          throw new Error('close')
        },
      },
    ]
    for (const sender of bad) {
      const t = scriptedDelivery(() => ACCEPTED, { sender })
      t.offer(2)
      await t.clock.advance(5_000)
      expect(t.dropped()).toEqual({ REFUSED: 2 })
      expect(await t.delivery.shutdown()).toBe(true)
    }
  })

  it('names what failed in error_type, and never lets a text become a label', async () => {
    for (const [cause, type] of [
      [Object.assign(new Error('x'), { errorType: '503' }), '503'],
      [Object.assign(new Error('x'), { code: 'ECONNRESET' }), 'ECONNRESET'],
      [Object.assign(new Error('x'), { code: 'a text, with "quotes"' }), '_OTHER'],
      ['text', '_OTHER'],
      [null, '_OTHER'],
    ] as const) {
      const t = scriptedDelivery((): SendResult => ({ kind: 'refused', cause }))
      t.offer(1)
      await t.clock.advance(5_000)
      expect(t.point('otel_sdk_exporter_span_exported_total', { error_type: type })).toBe(1)
    }
  })

  it('counts logs under their own names, and metrics under those of Triscope alone', async () => {
    const logs = scriptedDelivery(() => ACCEPTED, { signal: 'logs' })
    logs.offer(2)
    await logs.clock.advance(5_000)
    expect(logs.point('otel_sdk_exporter_log_exported_total')).toBe(2)
    const metrics = scriptedDelivery(() => REFUSED, { signal: 'metrics' })
    metrics.offer(1)
    await metrics.clock.advance(5_000)
    expect(metrics.diagnostics.snapshot().map(({ name }) => name)).toEqual([
      'triscope_telemetry_dropped_total',
      'triscope_telemetry_failures_total',
    ])
  })

  it('works in no span: not in that of the request which happened to start its timer', async () => {
    const seen: unknown[] = []
    const delivery = createDelivery({
      signal: 'traces',
      sender: { send: () => Promise.resolve(ACCEPTED), close: () => undefined },
      frame: () => {
        seen.push([activeSpanContext(), isUntraced()])
        return new Uint8Array(1)
      },
    })
    const request = trace.wrapSpanContext({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 })
    const flushed = installContext().run(contextWithSpan(ROOT_CONTEXT, request), () => {
      delivery.offer(new Uint8Array(1))
      return delivery.flush()
    })
    expect([await flushed, seen]).toEqual([true, [[undefined, true]]])
    await delivery.shutdown()
  })

  it('refuses options that cannot be meant', () => {
    const sender: Sender = { send: () => Promise.resolve(ACCEPTED), close: () => undefined }
    const base = { signal: 'traces', sender, frame: () => new Uint8Array(0) } as const
    for (const wrong of [
      { maxBytes: 0 },
      { maxRecords: 1.5 },
      { timeoutMs: Number.NaN },
      { retryForMs: -1 },
    ]) {
      expect(() => createDelivery({ ...base, ...wrong })).toThrow(
        expect.objectContaining({ code: 'TRI_ERR_OPTION' }),
      )
    }
    expect(() => createDelivery({ ...base, batchDelay: 1 } as never)).toThrow('did you mean "batchDelayMs"?')
  })
})
