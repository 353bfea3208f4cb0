/** Values that an app should not hand over, and does. */
import type { Random } from './random.ts'

/** An error that is worse than its cause: reading it throws, or gives what is no text. */
function hostileError(random: Random): unknown {
  const error = new Error('thrown by a hostile value')
  return random.of<() => unknown>([
    () => error,
    () => Object.assign(error, { message: Symbol('message') }),
    () => Object.defineProperty(error, 'message', { get: () => fail(undefined) }),
    () => Object.assign(error, { name: { toString: () => fail(error) }, stack: 1n, cause: error }),
    () => Object.defineProperty(error, 'stack', { get: () => fail(error) }),
    () => Object.defineProperty(error, 'constructor', { get: () => fail(error) }),
    () => new AggregateError([error, error], 'several'),
    () => Object.setPrototypeOf({}, error),
    () => undefined,
    () => Symbol('thrown'),
    () => Object.create(null),
  ])()
}

function fail(error: unknown): never {
  throw error
}

function refusingProxy(random: Random, target: object): object {
  const throws = (): never => fail(hostileError(random))
  const traps: ProxyHandler<object> = random.of<ProxyHandler<object>>([
    { get: throws },
    { ownKeys: throws },
    { getOwnPropertyDescriptor: throws },
    { getPrototypeOf: throws },
    { has: throws },
    {
      get: throws,
      set: throws,
      ownKeys: throws,
      getPrototypeOf: throws,
      has: throws,
      defineProperty: throws,
    },
  ])
  return new Proxy(target, traps)
}

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy
}

const MEGABYTE = 'm'.repeat(1_048_576)
const KEYS = [
  'a',
  '',
  '__proto__',
  'constructor',
  'toString',
  'then',
  'password',
  'err',
  'time',
  'level',
  'name',
  'exception.message',
  '\ud800',
  'é',
  'a b',
  '1',
  'length',
  'toJSON',
]

const LONG = Object.assign([1, 2], { length: 1_000_000 })
const DEEP = deep()
const WIDE = Object.freeze(Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`k${at}`, at])))

/** Any of the hostile values; one of a megabyte is rare, because it is slow. */
export function hostile(random: Random, depth = 0): unknown {
  if (random.below(5_000) === 0)
    return random.of([MEGABYTE, Buffer.from(MEGABYTE), [MEGABYTE], { a: MEGABYTE }])
  if (depth > 3) return random.text(8)
  const inner = (): unknown => hostile(random, depth + 1)
  return random.of<() => unknown>([
    () => undefined,
    () => null,
    () => random.of([0, -0, 1, -1, NaN, Infinity, -Infinity, 2 ** 53, 1e308, 5e-324, 0.1]),
    () => random.of([0n, -1n, 2n ** 64n, 10n ** 400n]),
    () => random.of([true, false]),
    () => random.text(40),
    () => random.of(['\ud800', 'a\udc00b', '\0', '\n\r', '%s %d %j %o %O', '', ...KEYS]),
    () => random.of([Symbol('s'), Symbol.iterator, Symbol.for('nodejs.util.inspect.custom')]),
    () => random.of([() => fail(1), function named() {}, class Some {}, async () => 2, Date, Proxy]),
    () => new Date(random.of([Number.NaN, 0, 8.64e15])),
    () =>
      random.of([
        /a/g,
        new Map([[{}, 1]]),
        new Set([1]),
        new WeakMap(),
        Promise.resolve(1),
        new URL('http://a:b@c/'),
        new Uint8Array(3),
        new ArrayBuffer(4),
        globalThis.structuredClone,
        process.stdout.constructor,
      ]),
    () => hostileError(random),
    () => [inner(), inner(), inner()],
    () => LONG,
    () => ({ [random.of(KEYS)]: inner(), [random.of(KEYS)]: inner() }),
    () =>
      JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}') as unknown,
    () =>
      Object.defineProperty({}, random.of(KEYS), { get: () => fail(hostileError(random)), enumerable: true }),
    () => Object.defineProperty([1, 2], '0', { get: () => fail(hostileError(random)), enumerable: true }),
    () => ({ toString: () => fail(hostileError(random)), valueOf: () => fail(hostileError(random)) }),
    () => ({ toString: () => ({}), valueOf: () => ({}), [Symbol.toPrimitive]: 1 }),
    () => ({ toJSON: () => fail(hostileError(random)) }),
    () => ({ toJSON: () => inner() }),
    () => ({ [Symbol.iterator]: () => fail(hostileError(random)), length: -1 }),
    () => ({ [Symbol.toStringTag]: Symbol('tag'), constructor: null }),
    () => Object.create(null, { a: { value: inner(), enumerable: true } }),
    () => Object.freeze({ a: inner() }),
    () => refusingProxy(random, random.of([{}, [], () => {}, new Error('proxied')])),
    () => revoked(random.of([{}, []])),
    () => cycle(inner()),
    () => DEEP,
    () => ({ traceId: inner(), spanId: inner(), traceFlags: inner(), isRemote: inner() }),
    () => ({ code: inner(), message: inner(), name: inner(), stack: inner() }),
    () => ({ method: 'GET', url: inner(), headers: inner(), setHeader: () => fail(1), socket: inner() }),
    () => ({
      get: () => fail(hostileError(random)),
      set: () => fail(hostileError(random)),
      keys: () => inner(),
    }),
    () => ({ get: inner, set: inner, keys: inner, delete: inner }),
    () => WIDE,
  ])()
}

function cycle(value: unknown): object {
  const one: Record<string, unknown> = { value }
  one['self'] = { one, list: [one] }
  return one
}

function deep(): unknown {
  let value: unknown = 'bottom'
  for (let level = 0; level < 200; level++) value = level % 2 === 0 ? { value } : [value]
  return value
}
