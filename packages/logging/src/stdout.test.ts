import { createDiagnostics } from '@triscope/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countOf } from './line-recorder.fixture.ts'
import { createStdout } from './stdout.ts'

const failure = (code: string): Error => Object.assign(new Error(code), { code })

/** A file descriptor that takes what `takes` says at each attempt: so many bytes, or an error. */
function open(takes: readonly (number | string)[], afterwards: number | string = Number.POSITIVE_INFINITY) {
  const diagnostics = createDiagnostics({ onMessage: () => {} })
  const script = [...takes]
  let out = Buffer.alloc(0)
  let pauses = 0
  let attempts = 0
  const stdout = createStdout({
    diagnostics,
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
    write: (line: string) => stdout.write(line),
    out: () => out.toString(),
    pauses: () => pauses,
    attempts: () => attempts,
    dropped: (reason: string) => countOf(diagnostics, 'triscope_telemetry_dropped_total', ['logs', reason]),
    failed: () => countOf(diagnostics, 'triscope_telemetry_failures_total', ['TRI_ERR_LOG_DESTINATION']),
  }
}

describe('standard output', () => {
  it('writes a line whole, in as many parts as the pipe takes, also within a character', () => {
    const { write, out, pauses } = open([1, 1, 'EAGAIN', 2, 'EAGAIN', 'EAGAIN', 1])
    write('é€😀\n')
    write('next\n')
    expect(out()).toBe('é€😀\nnext\n')
    expect(pauses()).toBe(3)
  })

  it('gives up on a reader that takes nothing for a thousand pauses, and then waits for it no more', () => {
    const { write, out, pauses, dropped } = open(Array(1_001).fill('EAGAIN'), 'EAGAIN')
    write('a\n')
    expect([pauses(), dropped('QUEUE_FULL')]).toEqual([1_000, 1])
    write('b\n')
    expect([pauses(), dropped('QUEUE_FULL')]).toEqual([1_000, 2])
    expect(out()).toBe('')
  })

  it('writes again once the reader reads, and finishes the line that was torn first', () => {
    const stall = Array<string>(1_001).fill('EAGAIN')
    const { write, out, dropped } = open([3, ...stall, 'EAGAIN'])
    write('first\n')
    write('lost\n')
    expect(out()).toBe('fir')
    write('third\n')
    expect(out()).toBe('first\nthird\n')
    expect(dropped('QUEUE_FULL')).toBe(1)
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
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), fc.integer({ min: 1, max: 20 }), (takes, lines) => {
        const { write, out, dropped } = open(takes)
        for (let i = 0; i < lines; i++) write(`<line ${i}>\n`)
        // The pipe takes everything by the end of its script, so nothing stays behind.
        for (let i = 0; i < 61; i++) write('<end>\n')
        const whole = out()
          .split('\n')
          .filter((line) => /^<(line \d+|end)>$/.test(line))
        expect(whole.length + dropped('QUEUE_FULL') + dropped('WRITE_FAILED')).toBe(lines + 61)
      }),
      { numRuns: 200, seed: 3 },
    )
  })
})
