/** Whatever comes from outside is read or refused, in time that grows with its length alone. */
import { describe, expect, it } from 'vitest'
import { bytesParsers, textParsers } from './parsers.ts'
import { fuzz, Random } from './random.ts'

const timeout = fuzz.seconds * 1_000 + 60_000

/** Reads what `make` makes for so long; says which input, and which seed, made it throw. */
function feed<T>(make: () => T, read: (input: T) => unknown, shown: (input: T) => string): number {
  const until = performance.now() + fuzz.seconds * 1_000
  let count = 0
  for (; performance.now() < until; count++) {
    const input = make()
    try {
      read(input)
    } catch (error) {
      throw new Error(`seed ${fuzz.seed}, input ${count}: ${shown(input)}`, { cause: error })
    }
  }
  return count
}

describe.each(textParsers)('$name', ({ pieces, read }) => {
  it('throws for no text', { timeout }, () => {
    const random = new Random(fuzz.seed)
    const make = (): string => (random.below(4) === 0 ? random.text(200) : random.near(pieces))
    expect(feed(make, read, JSON.stringify)).toBeGreaterThan(fuzz.seconds * 10)
  })

  it('takes time that is linear in the text', { timeout }, () => {
    const random = new Random(fuzz.seed)
    const units = [...pieces, ...Array.from({ length: 20 }, () => random.near(pieces).slice(0, 40))]
    for (const unit of units) {
      if (unit === '') continue
      expectLinear((length) => unit.repeat(Math.ceil(length / unit.length)), read, JSON.stringify(unit))
    }
  })
})

describe.each(bytesParsers)('$name', ({ pieces, read }) => {
  it('throws for no bytes', { timeout }, () => {
    const random = new Random(fuzz.seed)
    const make = (): Uint8Array => (random.below(4) === 0 ? random.bytes(200) : random.nearBytes(pieces))
    const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
    expect(feed(make, read, hex)).toBeGreaterThan(fuzz.seconds * 10)
  })

  it('takes time that is linear in the bytes', { timeout }, () => {
    for (const piece of pieces) {
      const unit = Buffer.from(piece)
      const make = (length: number): Uint8Array => Buffer.alloc(length, unit)
      expectLinear(make, read, unit.toString('hex'))
    }
  })
})

const SMALL = 32_768
const GROWTH = 8
/** Quadratic work would be 64 times as long. */
const MOST = 40
/** Shorter than this says nothing: a collection of garbage takes longer. */
const LEAST_MS = 10

/** Eight times the length takes eight times as long, the least of some turns, with room for caches and noise. */
function expectLinear<T>(make: (length: number) => T, read: (input: T) => unknown, unit: string): void {
  const [small, large] = [make(SMALL), make(SMALL * GROWTH)]
  let [shortMs, longMs] = [Infinity, Infinity]
  for (let turn = 0; turn < 12; turn++) {
    longMs = Math.min(longMs, timed(read, large))
    if (longMs < LEAST_MS) return
    shortMs = Math.min(shortMs, timed(read, small))
    if (turn > 1 && longMs / shortMs < MOST) return
  }
  expect.fail(`${unit} repeated: ${shortMs} ms, and ${longMs} ms for ${GROWTH} times the length`)
}

function timed<T>(read: (input: T) => unknown, input: T): number {
  const at = performance.now()
  read(input)
  return performance.now() - at
}
