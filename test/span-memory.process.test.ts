/** What an ended span still costs that somebody holds, measured in a process of its own with nothing else in it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bundleProgram } from './source-bundle.ts'
import { StartedProgram } from './started-program.ts'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'triscope-memory-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

/** Prints how many bytes each of 10 000 spans of 128 attributes costs that has ended and is held by a timer. */
const PROGRAM = `
import { createDiagnostics } from '@triscope/core'
import { createTracing } from '@triscope/tracing'

const COUNT = 10_000
const tracing = createTracing({
  resource: { attributes: {} },
  // Nobody listens there: each span is encoded, and all but ten are dropped and counted.
  exporter: { url: 'http://127.0.0.1:9/v1/traces' },
  batch: { maxRecords: 10 },
  diagnostics: createDiagnostics({ onMessage() {} }),
})
const timers = new Array(3 * COUNT).fill(undefined)
let next = 0

async function held(make) {
  global.gc()
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < COUNT; i++) {
    const kept = make(i)
    timers[next++] = setTimeout(() => console.log(kept), 1_000_000)
  }
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    global.gc()
  }
  return (process.memoryUsage().heapUsed - before) / COUNT
}

function span(i) {
  const span = tracing.tracer.startSpan('work', { root: true })
  for (let k = 0; k < 128; k++) span.setAttribute('attribute.number.' + k, 'value ' + k + ' of ' + i)
  span.end()
  return span
}

for (let i = 0; i < COUNT; i++) span(i)
const shared = {}
await held(() => shared)
const timer = await held(() => shared)
const both = await held(span)
console.log(Math.round(both - timer))
for (const timer of timers) clearTimeout(timer)
await tracing.shutdown(0)
`

async function measured(program: string): Promise<number> {
  const started = new StartedProgram(process.execPath, ['--expose-gc', program], {}, folder)
  expect(await started.ended(), started.stderr).toEqual({ code: 0, signal: null })
  return Number(started.stdout)
}

describe('a span that has ended', () => {
  it('keeps under 200 bytes while a timer holds it, whatever it had recorded', async () => {
    const program = await bundleProgram(PROGRAM, folder, 'tracing')
    // What V8 compiles meanwhile is on the same heap, and more of it where the machine is busy: the least of three counts.
    const bytes = Math.min(await measured(program), await measured(program), await measured(program))
    expect(bytes).toBeGreaterThan(0)
    expect(bytes).toBeLessThan(200)
  })
})
