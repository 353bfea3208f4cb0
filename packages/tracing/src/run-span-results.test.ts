import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { readFile } from 'node:fs'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough, Readable, Writable } from 'node:stream'
import { SpanStatusCode } from '@opentelemetry/api'
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { createDiagnostics, untraced } from '@triscope/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { activeSpan, createTracing, setCurrentTracing, span } from './index.ts'
import { resource } from './tracing.fixture.ts'

const memory = new InMemorySpanExporter()
const diagnostics = createDiagnostics({ onMessage: () => {} })
const tracing = createTracing({ resource, diagnostics, processors: [new SimpleSpanProcessor(memory)] })
let restore = () => {}

beforeEach(() => {
  memory.reset()
  restore = setCurrentTracing(tracing)
})
afterEach(() => {
  restore()
  const late = diagnostics.snapshot().find(({ name }) => name === 'triscope_span_calls_after_end_total')
  expect(late?.value ?? 0, 'calls on spans that had ended').toBe(0)
})

const names = () => memory.getFinishedSpans().map(({ name }) => name)
const only = () => {
  const spans = memory.getFinishedSpans()
  expect(spans).toHaveLength(1)
  return spans[0] as (typeof spans)[0]
}

describe('span() over a generator', () => {
  it('runs each step within the span, ends with the last, and gives back the same object', () => {
    const inside: unknown[] = []
    let made: unknown
    const generator = span('count', (current) => {
      made = (function* () {
        inside.push(activeSpan() === current)
        const sent: string = yield 1
        inside.push(activeSpan() === current, sent)
        return 2
      })()
      return made as Generator<number, number, string>
    })
    expect(generator).toBe(made)
    expect(generator.next('')).toEqual({ value: 1, done: false })
    expect(activeSpan()).toBeUndefined()
    expect(names()).toEqual([])
    expect(generator.next('x')).toEqual({ value: 2, done: true })
    expect(generator.next('y')).toEqual({ value: undefined, done: true })
    expect(inside).toEqual([true, true, 'x'])
    expect(only().status.code).toBe(SpanStatusCode.UNSET)
  })

  it('takes a generator function as it is, and ends where the consumer breaks off', () => {
    const seen: number[] = []
    for (const value of span('count', function* () {
      for (let i = 0; ; i++) yield i
    })) {
      seen.push(value)
      if (value === 2) break
    }
    expect(seen).toEqual([0, 1, 2])
    expect(names()).toEqual(['count'])
  })

  it('records what it throws, and throws the same', () => {
    const error = new RangeError('too far')
    const generator = span('count', function* () {
      yield 1
      throw error
    })
    generator.next()
    expect(() => generator.next()).toThrow(error)
    expect(only()).toMatchObject({
      status: { code: SpanStatusCode.ERROR, message: 'too far' },
      attributes: { 'error.type': 'RangeError' },
    })
    memory.reset()
    const other = span('count', function* () {
      yield 1
    })
    other.next()
    expect(() => other.throw(error)).toThrow(error)
    expect(only().status.code).toBe(SpanStatusCode.ERROR)
  })

  it('works alike for async generators, through every await', async () => {
    const seen: unknown[] = []
    const generator = span('pages', async function* (current) {
      for (let page = 1; page <= 2; page++) {
        await null
        span(`page ${page}`, () => seen.push(activeSpan() !== current))
        seen.push(activeSpan() === current)
        yield page
      }
    })
    for await (const page of generator) {
      seen.push(page, activeSpan())
      expect(names()).not.toContain('pages')
    }
    expect(seen).toEqual([true, true, 1, undefined, true, true, 2, undefined])
    expect(names()).toEqual(['page 1', 'page 2', 'pages'])
    const pages = memory.getFinishedSpans()[2]?.spanContext().spanId
    expect(memory.getFinishedSpans()[0]?.parentSpanContext?.spanId).toBe(pages)
  })

  it('records what an async generator rejects with', async () => {
    const error = new Error('no page')
    const generator = span('pages', async function* () {
      yield 1
      throw error
    })
    await generator.next()
    await expect(generator.next()).rejects.toBe(error)
    expect(only().status.message).toBe('no page')
    memory.reset()
    const left = span('pages', async function* () {
      yield 1
      yield 2
    })
    for await (const _ of left) break
    expect(names()).toEqual(['pages'])
  })

  it('ends with the call where the generator cannot be watched', () => {
    const frozen = span('frozen', () =>
      Object.freeze(
        (function* () {
          yield 1
        })(),
      ),
    )
    expect([...frozen]).toEqual([1])
    expect(names()).toEqual(['frozen'])
  })
})

describe('span() over a callback', () => {
  it('ends when the callback is called, once', async () => {
    const text = await new Promise<string>((resolve, reject) => {
      const result = span('read', (_, done) => {
        readFile(new URL(import.meta.url), 'utf8', (error, data) => {
          expect(names()).toEqual([])
          done(error)
          done(new Error('twice'))
          if (error === null) resolve(data)
          else reject(error)
        })
        return 'as it is'
      })
      expect(result).toBe('as it is')
    })
    expect(text).toContain('span() over a callback')
    expect(only().status.code).toBe(SpanStatusCode.UNSET)
  })

  it('records what the callback is told, by the callback itself', async () => {
    await new Promise<void>((resolve) => {
      span('read', (_, done) => {
        readFile('/nothing/here', (error) => {
          done(error)
          resolve()
        })
      })
    })
    expect(only()).toMatchObject({
      status: { code: SpanStatusCode.ERROR },
      attributes: { 'error.type': 'ENOENT' },
    })
  })

  it('records what the function throws or rejects with before that', async () => {
    const error = new Error('at once')
    expect(() =>
      span('thrown', (_span, _done) => {
        throw error
      }),
    ).toThrow(error)
    await expect(span('rejected', async (_span, _done) => Promise.reject(error))).rejects.toBe(error)
    expect(names()).toEqual(['thrown', 'rejected'])
  })

  it('calls the function as ever where no tracing is in force', () => {
    restore()
    const result = span('none', (_, done) => {
      done()
      done(new Error('x'))
      return 7
    })
    expect(result).toBe(7)
  })
})

describe('span() over a stream or an emitter', () => {
  it.each<[string, () => NodeJS.EventEmitter, (emitter: never) => unknown]>([
    ['a readable that is read', () => Readable.from(['a', 'b']), (it: Readable) => it.resume()],
    ['a writable that is finished', () => sink(), (it: Writable) => it.end('x')],
    ['a stream that is destroyed', () => sink(), (it: Writable) => it.destroy()],
    ['an emitter that ends', () => new EventEmitter(), (it: EventEmitter) => it.emit('end')],
    ['an emitter that closes', () => new EventEmitter(), (it: EventEmitter) => it.emit('close')],
    ['a child process', () => spawn(process.execPath, ['-e', '']), () => {}],
  ])('ends with %s, and leaves no listener', async (_, make, act) => {
    const emitter = span('work', make)
    const before = emitter.listenerCount('error')
    expect(names()).toEqual([])
    act(emitter as never)
    await until(() => names().length > 0)
    expect(only().status.code).toBe(SpanStatusCode.UNSET)
    await new Promise((resolve) => setImmediate(resolve))
    expect(only().ended).toBe(true)
    expect(emitter.listenerCount('error')).toBe(before)
    expect(emitter.listenerCount(EventEmitter.errorMonitor)).toBe(0)
  })

  it('records an error, and leaves it unhandled where nobody handles it', async () => {
    const error = new Error('broken pipe')
    const emitter = span('work', () => new EventEmitter())
    expect(() => emitter.emit('error', error)).toThrow(error)
    expect(only().status.message).toBe('broken pipe')
    memory.reset()
    const stream = span('work', () => sink())
    const heard = once(stream, 'error')
    stream.destroy(error)
    expect(await heard).toEqual([error])
    expect(only().status.message).toBe('broken pipe')
  })

  it('ends with the later side of a stream of two sides', async () => {
    const both = span('work', () => new PassThrough({ autoDestroy: false }))
    both.end('x')
    await once(both, 'finish')
    expect(names()).toEqual([])
    both.resume()
    await once(both, 'end')
    expect(names()).toEqual(['work'])
  })

  it('ends at once for a stream that has ended already', async () => {
    const stream = sink()
    stream.on('error', () => {})
    stream.destroy(new Error('before'))
    await new Promise((resolve) => stream.once('close', resolve))
    expect(span('late', () => stream)).toBe(stream)
    expect(only().status.message).toBe('before')
  })

  it('ends with the answer of a request, not with its sending', async () => {
    const server = createServer((_req, res) => void setTimeout(() => res.end('x'), 30))
    await new Promise<void>((resolve) => server.listen(0, resolve))
    const { port } = server.address() as AddressInfo
    const request = span('ask', () => untraced(() => get({ port, agent: false })))
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    expect(names()).toEqual([])
    response.resume()
    await until(() => names().includes('ask'))
    await new Promise((resolve) => server.close(resolve))
  })

  it('ends with the call for a server, the process, and what only looks like an emitter', () => {
    const server = createServer()
    const hostile = new Proxy(
      {},
      {
        get(_, key) {
          if (key === 'then') return undefined
          throw new Error('no')
        },
      },
    )
    for (const value of [server, process, { on: true }, hostile, { on() {}, emit() {} }]) {
      memory.reset()
      expect(span('work', () => value)).toBe(value)
      expect(names()).toEqual(['work'])
    }
  })
})

function sink(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() })
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 8_000
  while (!holds()) {
    if (performance.now() > deadline) throw new Error('waited in vain')
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
