/** Over cls-hooked itself: its hooks are those of the process, so this file has one of its own. */
import { EventEmitter } from 'node:events'
import { readFile } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Context, context, createContextKey, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { createNamespace } from 'cls-hooked'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bridgeToCls, type ClsNamespace, createClsStorage } from './cls-hooked.ts'
import { activeContext, type ContextStorage, contextWithSpan, registerApi, replaceContext } from './index.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const OUTER = 'b7ad6b7169203331'
const INNER = '00f067aa0ba902b7'
const spanOf = (spanId: string, traceFlags = 1) =>
  trace.wrapSpanContext({ traceId: TRACE, spanId, traceFlags })
const within = (spanId: string): Context => contextWithSpan(activeContext(), spanOf(spanId))
const activeId = () => trace.getSpanContext(activeContext())?.spanId

const ns = createNamespace('app')

describe.each([
  ['createClsStorage', createClsStorage],
  ['bridgeToCls', bridgeToCls],
])('%s', (name, create: (namespace: ClsNamespace) => ContextStorage) => {
  const shown = name === 'bridgeToCls' ? () => ns.get('spanId') as unknown : activeId
  let storage: ContextStorage
  let putBack: () => void

  beforeEach(() => {
    storage = create(ns)
    putBack = replaceContext(storage)
  })

  afterEach(() => {
    putBack()
    expect(ns.active).toBeNull()
  })

  it('carries the active span through promises, timers, ticks, callbacks and events', async () => {
    const ways: Record<string, (done: () => void) => void> = {
      promise: (done) => void Promise.resolve().then(done),
      microtask: queueMicrotask,
      tick: (done) => process.nextTick(done),
      immediate: setImmediate,
      timer: (done) => setTimeout(done, 1),
      callback: (done) => readFile(import.meta.filename, done),
      emitter: (done) => {
        const emitter = new EventEmitter().on('x', done)
        setImmediate(() => emitter.emit('x'))
      },
    }
    await storage.run(within(OUTER), async () => {
      for (const [way, start] of Object.entries(ways)) {
        const inner = storage.run(
          within(INNER),
          () => new Promise((resolve) => start(() => resolve([activeId(), shown()]))),
        )
        expect(await inner, way).toEqual([INNER, INNER])
        expect([activeId(), shown()], `after ${way}`).toEqual([OUTER, OUTER])
      }
    })
    expect([activeId(), shown()]).toEqual([undefined, undefined])
  })

  it('keeps a thousand requests apart that run at once', async () => {
    const seen = await Promise.all(
      Array.from({ length: 1000 }, async (_, index) => {
        const id = (index + 1).toString(16).padStart(16, '0')
        return await storage.run(within(id), async () => {
          await new Promise((resolve) => setTimeout(resolve, index % 7))
          await storage.run(within(INNER), () => new Promise(setImmediate))
          return activeId() === id && shown() === id
        })
      }),
    )
    expect(seen.every(Boolean)).toBe(true)
  })

  it('returns and throws what the function does, untouched', async () => {
    const frozen = Object.freeze(new Error('frozen'))
    for (const thrown of ['a string', frozen, undefined, null, 7]) {
      const caught = (() => {
        try {
          storage.run(within(OUTER), () => {
            throw thrown
          })
        } catch (error) {
          return { error }
        }
        return undefined
      })()
      expect(caught?.error).toBe(thrown)
      await expect(storage.run(within(OUTER), () => Promise.reject(thrown))).rejects.toBe(thrown)
    }
    expect(Reflect.ownKeys(frozen)).not.toContain('error@context')
    expect(activeId()).toBeUndefined()
  })

  it('leaves what the app keeps in the namespace as if it were not there', async () => {
    await inNamespace(async () => {
      ns.set('requestId', 'r1')
      const own: unknown = ns.active
      await storage.run(within(OUTER), async () => {
        expect(ns.get('requestId')).toBe('r1')
        await storage.run(within(INNER), async () => {
          ns.set('user', 'ann')
          await new Promise(setImmediate)
          expect(ns.get('user')).toBe('ann')
        })
        ns.run(() => {
          ns.set('user', 'bob')
          expect([ns.get('user'), activeId(), shown()]).toEqual(['bob', OUTER, OUTER])
          storage.run(within(INNER), () =>
            expect([ns.get('user'), activeId(), shown()]).toEqual(['bob', INNER, INNER]),
          )
        })
        expect(ns.get('user')).toBe('ann')
      })
      expect(ns.get('user')).toBe('ann')
      expect(own).toEqual(expect.objectContaining({ requestId: 'r1', user: 'ann' }))
      expect(Object.keys(own as object)).not.toContain('spanId')
    })
  })

  it('passes this and arguments, and binds functions and emitters', () => {
    const inner = within(INNER)
    const add = function (this: { n: number }, a: number) {
      return [this.n + a, activeId(), shown()]
    }
    expect(storage.with(inner, add, { n: 1 }, 2)).toEqual([3, INNER, INNER])
    expect(storage.bind(inner, add).call({ n: 1 }, 2)).toEqual([3, INNER, INNER])
    const seen: unknown[] = []
    const emitter = storage.bind(inner, new EventEmitter()).on('x', () => seen.push(activeId(), shown()))
    emitter.emit('x')
    expect(seen).toEqual([INNER, INNER])
    expect(storage.enable()).toBe(storage)
  })

  it('is no context any more after disable, and can be used again', () => {
    storage.run(within(OUTER), () => {
      expect(storage.disable()).toBe(storage)
      expect(storage.active()).toBe(ROOT_CONTEXT)
      storage.run(within(INNER), () => expect(activeId()).toBe(INNER))
    })
  })

  it('lies one layer deep over a frozen context, and over a chain of 10 000 spans', () => {
    const frozen = Object.freeze({ requestId: 'r1', spanId: 'own', traceId: 'own' })
    ns.enter(frozen)
    try {
      storage.run(within(OUTER), () => {
        expect([ns.get('requestId'), activeId(), shown()]).toEqual(['r1', OUTER, OUTER])
      })
      expect(ns.get('spanId')).toBe('own')
    } finally {
      ns.exit(frozen)
    }
    let entered: object | undefined
    const flat = create({
      get active() {
        return entered
      },
      enter(next) {
        entered = next
      },
      exit() {},
    })
    const begun = performance.now()
    for (let span = 0; span < 10_000; span++) flat.run(within(OUTER), () => {})
    // A chain of proxies would overflow the stack here.
    expect((entered as { missing?: unknown } | undefined)?.missing).toBeUndefined()
    expect(performance.now() - begun).toBeLessThan(5_000)
  })

  it('calls the function once, whatever the namespace throws, and tells of it', () => {
    const broken = (part: string): ClsNamespace => {
      const check = (name: string) => {
        if (name === part) throw new Error(`no ${part}`)
      }
      return {
        get active() {
          check('active')
          return null
        },
        enter: () => check('enter'),
        exit: () => check('exit'),
      }
    }
    for (const part of ['active', 'enter', 'exit']) {
      const hostile = create(broken(part))
      const failures: string[] = []
      let calls = 0
      const run = () => hostile.run(within(OUTER), () => ++calls)
      expect(run()).toBe(1)
      hostile.onFailure = (error) => failures.push((error as Error).message)
      expect(run()).toBe(2)
      expect(failures).toEqual([`no ${part}`])
      expect(() => hostile.active()).not.toThrow()
    }
  })

  it('lets go of every context of 100 000 requests', async () => {
    const contexts = (ns as unknown as { _contexts: Map<number, unknown> })._contexts
    const kept = createContextKey('kept')
    const held: WeakRef<object>[] = []
    const serve = async (): Promise<void> => {
      const requests = Array.from({ length: 1000 }, (_, index) => {
        const big = { bytes: new Array(10).fill(index) }
        if (index === 0) held.push(new WeakRef(big))
        return storage.run(within(OUTER).setValue(kept, big), async () => {
          await null
          storage.run(within(INNER), () => {})
        })
      })
      await Promise.all(requests)
    }
    for (let round = 0; round < 100; round++) await serve()
    const alive = () => held.filter((each) => each.deref() !== undefined).length
    // A promise is let go by a collection, its hook is called a while after, and what it held goes with the next one. The
    // collection stands after the turn, because who asks whether something is alive keeps it so until then.
    for (let turn = 0; turn < 50 && (contexts.size > 100 || alive() > 1); turn++) {
      await new Promise((resolve) => setTimeout(resolve, 10))
      collect()
    }
    expect(contexts.size).toBeLessThanOrEqual(100)
    expect(alive()).toBeLessThanOrEqual(1)
  })

  it('refuses what is no namespace', () => {
    for (const wrong of [undefined, null, 'app', {}, { enter() {} }]) {
      expect(() => create(wrong as unknown as ClsNamespace)).toThrow(
        expect.objectContaining({ code: 'TRI_ERR_OPTION' }),
      )
    }
  })
})

describe('createClsStorage', () => {
  it('goes where ns.bind and ns.bindEmitter go, as a pool that cls-hooked was taught does', () => {
    const storage = createClsStorage(ns)
    const putBack = replaceContext(storage)
    const waiting: (() => void)[] = []
    const pool = new EventEmitter()
    ns.bindEmitter(pool)
    const seen: unknown[] = []
    storage.run(within(OUTER), () => {
      waiting.push(ns.bind(() => seen.push(activeId())))
      pool.on('free', () => seen.push(activeId()))
    })
    storage.run(within(INNER), () => {
      waiting[0]?.()
      pool.emit('free')
    })
    putBack()
    expect(seen).toEqual([OUTER, OUTER])
  })
})

describe('bridgeToCls', () => {
  it('shows the ids under the names it is given, and none where no span is active', () => {
    const storage = bridgeToCls(ns, { traceId: 'trace', spanId: 'span', traceFlags: 'flags' })
    const shown = () => ['trace', 'span', 'flags', 'traceId'].map((key) => ns.get(key) as unknown)
    storage.run(contextWithSpan(ROOT_CONTEXT, spanOf(OUTER)), () => {
      expect(shown()).toEqual([TRACE, OUTER, '01', undefined])
      storage.run(contextWithSpan(ROOT_CONTEXT, spanOf(INNER, 0)), () => {
        expect(shown()).toEqual([TRACE, INNER, '00', undefined])
      })
      storage.run(ROOT_CONTEXT, () => expect(shown()).toEqual(new Array(4).fill(undefined)))
      const nobody = contextWithSpan(ROOT_CONTEXT, trace.wrapSpanContext({ ...NOBODY }))
      storage.run(nobody, () => expect(shown()).toEqual(new Array(4).fill(undefined)))
      expect(shown()).toEqual([TRACE, OUTER, '01', undefined])
    })
  })

  it('refuses names that are none', () => {
    expect(() => bridgeToCls(ns, { traceID: 'x' } as object)).toThrow(
      'did you mean "names.traceId"?'.slice(-9),
    )
    expect(() => bridgeToCls(ns, { traceId: '' })).toThrow('names.traceId: expected some text')
  })
})

describe('replaceContext', () => {
  it("puts a storage in force for OpenTelemetry's API too, and the one before back", () => {
    const key = createContextKey('key')
    const storage = createClsStorage(ns)
    const other = createClsStorage(ns)
    const putBack = replaceContext(storage)
    const part = { getTracer: () => trace.getTracer('x') }
    registerApi({
      context: storage,
      trace: part,
      propagation: { inject() {}, extract: (given) => given, fields: () => [] },
    })
    const isSeen = () => context.with(ROOT_CONTEXT.setValue(key, 1), () => activeContext().getValue(key))
    expect(isSeen()).toBe(1)
    const putBackOther = replaceContext(other)
    expect(isSeen()).toBe(1)
    other.run(ROOT_CONTEXT.setValue(key, 2), () => expect(context.active().getValue(key)).toBe(2))
    putBackOther()
    storage.run(ROOT_CONTEXT.setValue(key, 3), () => expect(context.active().getValue(key)).toBe(3))
    putBack()
    expect(isSeen()).toBe(1)
    expect(storage.active()).toBe(ROOT_CONTEXT)
  })
})

const NOBODY = { traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 }

/** Not `ns.runPromise`, which leaves its context entered until the promise settles, for whoever runs next. */
function inNamespace(work: () => Promise<void>): Promise<void> {
  return new Promise((resolve) => ns.run(() => resolve(work())))
}

/** Garbage collection, without a flag on the command line. */
function collect(): void {
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
}
