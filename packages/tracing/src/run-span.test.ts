import { ROOT_CONTEXT, type Span, SpanStatusCode, trace } from '@opentelemetry/api'
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { activeContext, activeSpanContext } from '@triscope/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { activeSpan, createTracing, recordError, setCurrentTracing, span } from './index.ts'
import { resource } from './tracing.fixture.ts'

const memory = new InMemorySpanExporter()
const tracing = createTracing({ resource, processors: [new SimpleSpanProcessor(memory)] })
let restore = () => {}

beforeEach(() => {
  memory.reset()
  restore = setCurrentTracing(tracing)
})
afterEach(() => restore())

const finished = () => memory.getFinishedSpans()
const thrownBy = (fn: () => unknown): unknown => {
  try {
    fn()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

describe('span()', () => {
  it('gives back what a synchronous function returns, and ends with it', () => {
    const result = { ok: true }
    const got = span('work', { a: 1 }, (current) => {
      expect(activeSpan()).toBe(current)
      expect(finished()).toEqual([])
      return result
    })
    expect(got).toBe(result)
    expect(activeSpan()).toBeUndefined()
    expect(finished().map(({ name, attributes, status }) => [name, attributes, status])).toEqual([
      ['work', { a: 1 }, { code: SpanStatusCode.UNSET }],
    ])
  })

  it('makes the inner span a child of the outer one, through awaits', async () => {
    await span('outer', async (outer) => {
      await null
      await span('inner', async () => {
        await null
        expect(activeSpanContext()?.traceId).toBe(outer.spanContext().traceId)
      })
      expect(activeSpan()).toBe(outer)
    })
    const [inner, outer] = finished()
    expect(inner?.parentSpanContext?.spanId).toBe(outer?.spanContext().spanId)
    expect(outer?.parentSpanContext).toBeUndefined()
  })

  it('rethrows the same object, whatever was thrown, and records it', () => {
    class OutOfStock extends Error {}
    const thrown = [
      new OutOfStock('none left'),
      Object.freeze(new Error('frozen')),
      'text',
      null,
      undefined,
      7,
    ]
    for (const error of thrown) {
      expect(
        thrownBy(() =>
          span('work', () => {
            throw error
          }),
        ),
      ).toBe(error)
    }
    expect(finished().map(({ status }) => status.code)).toEqual(thrown.map(() => SpanStatusCode.ERROR))
    expect(finished()[0]?.status.message).toBe('none left')
    expect(finished()[0]?.attributes).toEqual({ 'error.type': 'OutOfStock' })
    expect(finished()[0]?.events[0]?.attributes).toMatchObject({ 'exception.message': 'none left' })
    expect(finished()[2]?.events[0]?.attributes).toMatchObject({ 'exception.message': 'text' })
  })

  it('names a system error by its code', () => {
    const error = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
    thrownBy(() =>
      span('work', () => {
        throw error
      }),
    )
    expect(finished()[0]?.attributes).toEqual({ 'error.type': 'ECONNREFUSED' })
  })

  it('rejects with the same object, and ends only then', async () => {
    const error = new Error('later')
    let refuse: (error: unknown) => void = () => {}
    const got = span('work', () => new Promise<number>((_, reject) => (refuse = reject)))
    expect(got).toBeInstanceOf(Promise)
    expect(finished()).toEqual([])
    refuse(error)
    await expect(got).rejects.toBe(error)
    expect(finished()[0]?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'later' })
  })

  it('keeps the kind of promise that the function returned', async () => {
    class Special<T> extends Promise<T> {}
    const got = span('work', () => Special.resolve(1))
    expect(got).toBeInstanceOf(Special)
    expect(await got).toBe(1)
  })

  it('starts a lazy thenable once, inside the span', async () => {
    let started = 0
    const query = {
      // biome-ignore lint/suspicious/noThenProperty: query builders are such thenables.
      then(onValue: (rows: string[]) => unknown) {
        started++
        return Promise.resolve([activeSpanContext()?.spanId ?? '']).then(onValue)
      },
    }
    const rows = await (span('query', () => query) as unknown as Promise<string[]>)
    expect(started).toBe(1)
    expect(rows).toEqual([finished()[0]?.spanContext().spanId])
  })

  it('returns a value whose then throws as it is', () => {
    const value = Object.defineProperty({}, 'then', {
      get() {
        throw new Error('no')
      },
    })
    expect(span('work', () => value)).toBe(value)
    expect(finished()).toHaveLength(1)
  })

  it('lets the function end or fail its span by itself', () => {
    span('work', (current) => {
      current.setStatus({ code: SpanStatusCode.OK })
      current.end()
    })
    expect(finished()).toHaveLength(1)
    expect(finished()[0]?.status.code).toBe(SpanStatusCode.OK)
  })

  it('only calls the function when no tracing is in force', async () => {
    const end = setCurrentTracing(undefined)
    const before = activeContext()
    expect(span('work', (current) => current.isRecording())).toBe(false)
    expect(await span('work', { a: 1 }, async () => activeContext())).toBe(before)
    const error = new Error('x')
    expect(
      thrownBy(() =>
        span('work', () => {
          throw error
        }),
      ),
    ).toBe(error)
    expect(finished()).toEqual([])
    end()
  })
})

describe('recordError()', () => {
  it('adds an exception event to the active span and leaves its status alone', () => {
    span('work', () => recordError(new TypeError('handled'), { retry: 2, 'exception.message': 'not this' }))
    const [only] = finished()
    expect(only?.status).toEqual({ code: SpanStatusCode.UNSET })
    expect(only?.events[0]?.name).toBe('exception')
    expect(only?.events[0]?.attributes).toMatchObject({
      retry: 2,
      'exception.type': 'TypeError',
      'exception.message': 'handled',
    })
  })

  it('does nothing, and throws nothing, where no span is active or the attributes bite', () => {
    recordError(new Error('x'))
    const bite = new Proxy(
      {},
      {
        ownKeys() {
          throw new Error('no')
        },
      },
    )
    span('work', () => recordError('text', bite))
    expect(finished()[0]?.events).toHaveLength(1)
  })
})

describe('startActiveSpan', () => {
  it('takes every form that the API has', () => {
    const { tracer } = tracing
    const parent = tracer.startSpan('parent', {}, ROOT_CONTEXT)
    const ids = (current: Span) => {
      expect(activeSpan()).toBe(current)
      current.end()
      return 'result'
    }
    expect(tracer.startActiveSpan('a', ids)).toBe('result')
    expect(tracer.startActiveSpan('b', { attributes: { n: 1 } }, ids)).toBe('result')
    expect(tracer.startActiveSpan('c', {}, trace.setSpan(ROOT_CONTEXT, parent), ids)).toBe('result')
    expect(finished().map(({ name, attributes }) => [name, attributes])).toEqual([
      ['a', {}],
      ['b', { n: 1 }],
      ['c', {}],
    ])
    expect(finished()[2]?.parentSpanContext?.spanId).toBe(parent.spanContext().spanId)
    expect(
      thrownBy(() =>
        tracer.startActiveSpan('d', () => {
          throw 'as it was'
        }),
      ),
    ).toBe('as it was')
  })
})
