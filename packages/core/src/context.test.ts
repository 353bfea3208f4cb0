import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { describe, expect, it } from 'vitest'
import { activeSpanContext, contextWithSpan, installContext } from './index.ts'

const spanOf = (spanId: string) =>
  trace.wrapSpanContext({ traceId: '0af7651916cd43dd8448eb211c80319c', spanId, traceFlags: 1 })

describe('context', () => {
  it('carries the active span through timers and promises', async () => {
    const storage = installContext()
    const inner = contextWithSpan(ROOT_CONTEXT, spanOf('b7ad6b7169203331'))
    const seen = await storage.run(inner, async () => {
      await new Promise((resolve) => setImmediate(resolve))
      return activeSpanContext()?.spanId
    })
    expect(seen).toBe('b7ad6b7169203331')
    expect(activeSpanContext()).toBeUndefined()
  })

  it('is read and written by the OpenTelemetry API like its own', () => {
    const span = spanOf('b7ad6b7169203331')
    const key = Symbol('key')
    const ours = contextWithSpan(ROOT_CONTEXT.setValue(key, 1), span)
    expect(trace.getSpan(ours)).toBe(span)
    expect(ours.getValue(key)).toBe(1)
    const next = trace.setSpan(ours.setValue(key, 2), spanOf('00f067aa0ba902b7'))
    expect(trace.getSpanContext(next)?.spanId).toBe('00f067aa0ba902b7')
    expect(next.getValue(key)).toBe(2)
    expect(trace.getSpan(trace.deleteSpan(next))).toBeUndefined()
  })

  it('holds no earlier span, however long the chain of children', () => {
    const first = contextWithSpan(
      trace.setSpan(ROOT_CONTEXT, spanOf('00f067aa0ba902b7')),
      spanOf('b7ad6b7169203331'),
    )
    const second = contextWithSpan(first, spanOf('0000000000000001'))
    expect(trace.getSpan(trace.deleteSpan(second))).toBeUndefined()
  })

  it('binds functions and emitters', async () => {
    const { EventEmitter } = await import('node:events')
    const storage = installContext()
    const inner = contextWithSpan(ROOT_CONTEXT, spanOf('b7ad6b7169203331'))
    const bound = storage.bind(inner, function (this: { n: number }, a: number) {
      return [this.n, a, activeSpanContext()?.spanId]
    })
    expect(bound.call({ n: 1 }, 2)).toEqual([1, 2, 'b7ad6b7169203331'])
    const emitter = storage.bind(inner, new EventEmitter())
    let seen: string | undefined
    emitter.on('x', () => {
      seen = activeSpanContext()?.spanId
    })
    emitter.emit('x')
    expect(seen).toBe('b7ad6b7169203331')
  })

  it('passes this and arguments through with()', () => {
    const storage = installContext()
    const result = storage.with(
      ROOT_CONTEXT,
      function (this: { n: number }, a: number) {
        return this.n + a
      },
      { n: 1 },
      2,
    )
    expect(result).toBe(3)
    expect(context.active()).toBe(ROOT_CONTEXT)
  })
})
