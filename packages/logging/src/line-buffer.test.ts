import { createDiagnostics } from '@triscope/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LineBuffer } from './line-buffer.ts'
import { countOf } from './line-recorder.fixture.ts'

const failure = (code: string): Error => Object.assign(new Error(code), { code })

/** A file descriptor that takes what `takes` says at each attempt: so many bytes, or an error. */
function open(
  takes: readonly (number | string)[],
  afterwards: number | string = Number.POSITIVE_INFINITY,
  isSync = true,
) {
  const diagnostics = createDiagnostics({ onMessage: () => {} })
  const script = [...takes]
  let out = Buffer.alloc(0)
  let pauses = 0
  let attempts = 0
  const turns: (() => void)[] = []
  const timers: (() => void)[] = []
  const buffer = new LineBuffer({
    diagnostics,
    isSync,
    clock: {
      wallMs: () => 0,
      monotonicMs: () => 0,
      timer: (_, fn) => {
        timers.push(fn)
        return { cancel() {} }
      },
    },
    nextTurn: (fn) => turns.push(fn),
    pause: () => {
      pauses++
    },
    writeBytes(bytes) {
      attempts++
      const next = script.shift() ?? afterwards
      if (typeof next === 'string') throw failure(next)
      const taken = Buffer.from(bytes).subarray(0, next)
      out = Buffer.concat([out, taken])
      return taken.length
    },
  })
  return {
    write: (line: string) => buffer.write(line),
    buffer,
    turn: () => {
      for (const fn of turns.splice(0)) fn()
    },
    wait: () => {
      for (const fn of timers.splice(0)) fn()
    },
    out: () => out.toString(),
    pauses: () => pauses,
    attempts: () => attempts,
    dropped: (reason: string) => countOf(diagnostics, 'triscope_telemetry_dropped_total', ['logs', reason]),
    failed: () => countOf(diagnostics, 'triscope_telemetry_failures_total', ['TRI_ERR_LOG_DESTINATION']),
  }
}

describe('a line buffer', () => {
  it('writes the lines of one turn at once, and what is much without waiting for its end', () => {
    const { write, turn, out, attempts } = open([], undefined, false)
    write('a\n')
    write('b\n')
    expect(out()).toBe('')
    turn()
    expect([out(), attempts()]).toEqual(['a\nb\n', 1])
    write(`${'x'.repeat(20_000)}\n`)
    expect(attempts()).toBe(2)
    turn()
    expect(attempts()).toBe(2)
  })

  it('writes a line whole, in as many parts as the pipe takes, also within a character', () => {
    const { write, buffer, out, pauses } = open([1, 1, 'EAGAIN', 2, 'EAGAIN', 'EAGAIN', 1])
    write('é€😀\n')
    expect(pauses()).toBe(3)
    write('next\n')
    expect(out()).toBe('é€😀\nnext\n')
    expect(buffer.isEmpty).toBe(true)
  })

  it('holds lines for a full pipe without waiting, and tries again after a while', () => {
    const { write, turn, wait, out, pauses, dropped } = open(['EAGAIN', 3, 'EAGAIN'], undefined, false)
    write('first\n')
    write('second\n')
    turn()
    wait()
    expect(out()).toBe('fir')
    wait()
    expect(out()).toBe('first\nsecond\n')
    expect([pauses(), dropped('QUEUE_FULL')]).toEqual([0, 0])
  })

  it('waits where it holds 4 MiB, then drops for a reader that stopped, and waits for it no more', () => {
    const { write, buffer, wait, out, pauses, dropped } = open(Array(1_300).fill('EAGAIN'), undefined, false)
    const line = `${'x'.repeat(65_535)}\n`
    for (let i = 0; i < 70; i++) write(line)
    expect([pauses(), dropped('QUEUE_FULL')]).toEqual([1_000, 6])
    for (let i = 0; i < 300; i++) wait()
    buffer.flushSync()
    expect(out().split('\n').length - 1 + dropped('QUEUE_FULL')).toBe(70)
    write('after\n')
    buffer.flushSync()
    expect(out().endsWith('after\n')).toBe(true)
  })

  it('counts what is given up', () => {
    const { write, turn, buffer, dropped } = open([3], 'EAGAIN', false)
    for (const line of ['torn\n', 'lost\n']) write(line)
    turn()
    buffer.giveUp()
    expect([buffer.isEmpty, dropped('QUEUE_FULL')]).toEqual([true, 2])
  })

  it('does not try again once the reader has closed the pipe', () => {
    const { write, attempts, dropped, failed } = open(['EPIPE'])
    for (let i = 0; i < 5; i++) write('x\n')
    expect([attempts(), dropped('WRITE_FAILED'), failed()]).toEqual([1, 5, 1])
  })

  it('tries again after a full disk, and lets no line run into one that was torn', () => {
    const { write, out, dropped } = open([2, 'ENOSPC', 'ENOSPC', 'ENOSPC'])
    write('torn\n')
    write('lost\n')
    write('lost\n')
    write('whole\n')
    expect(out()).toBe('to\nwhole\n')
    expect(dropped('WRITE_FAILED')).toBe(3)
  })

  it('never throws, and makes lines = whole lines written + lines counted, whatever the pipe does', () => {
    const act = fc.oneof(fc.nat(12), fc.constantFrom('EAGAIN', 'ENOSPC', 'EIO', 'EINTR'))
    const lines = fc.integer({ min: 1, max: 20 })
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), lines, fc.boolean(), (takes, count, isSync) => {
        const { write, turn, wait, buffer, out, dropped } = open(takes, undefined, isSync)
        for (let i = 0; i < count; i++) {
          write(`<line ${i}>\n`)
          if (i % 3 === 0) turn()
          if (i % 5 === 0) wait()
        }
        // The pipe takes everything by the end of its script, so nothing stays behind.
        for (let i = 0; i < 61; i++) {
          write('<end>\n')
          turn()
          wait()
        }
        buffer.flushSync()
        const whole = out()
          .split('\n')
          .filter((line) => /^<(line \d+|end)>$/.test(line))
        expect(whole.length + dropped('QUEUE_FULL') + dropped('WRITE_FAILED')).toBe(count + 61)
        expect(buffer.isEmpty).toBe(true)
      }),
      { numRuns: 200, seed: 3 },
    )
  })
})
