/** Nothing that an app hands over comes back to it as an error, and all that was kept can still be read. */

import { createRegistry } from '@triscope/metrics'
import { createTelemetry } from '@triscope/sdk'
import { createSpanMemory } from '@triscope/tracing'
import { expect, it } from 'vitest'
import { callsUpon } from './calls.ts'
import { fuzz, Random } from './random.ts'

it(`throws nothing in ${fuzz.calls} hostile calls`, { timeout: 60_000 + fuzz.calls * 2 }, async () => {
  // Most hostile values are errors, and a deep stack is what costs most to make of them.
  Error.stackTraceLimit = 4
  const random = new Random(fuzz.seed)
  const memory = createSpanMemory(100)
  let lines = 0
  const telemetry = createTelemetry({
    service: 'fuzz',
    env: {},
    banner: false,
    flushAtExit: false,
    onWarning: () => {},
    metrics: { registry: createRegistry(), runtime: false },
    tracing: { exporter: memory },
    logging: {
      level: 'trace',
      destination: {
        write(line: string) {
          lines++
          expect(line.endsWith('\n') && line.indexOf('\n') === line.length - 1, line).toBe(true)
          JSON.parse(line)
        },
      },
    },
  })
  const calls = callsUpon(telemetry, random)
  const failed = new Map<string, string>()
  for (let made = 0; made < fuzz.calls; made++) {
    const { name, make } = random.of(calls)
    try {
      make()
    } catch (error) {
      if (!failed.has(name)) failed.set(name, `seed ${fuzz.seed}, call ${made}: ${stackOf(error)}`)
    }
    // Timers and promises of telemetry have their turn, and what they throw fails the run.
    if (made % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  expect([...failed].map((pair) => pair.join(', '))).toEqual([])
  expect(lines).toBeGreaterThan(fuzz.calls / 10)
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  let exposed = ''
  for await (const chunk of telemetry.registry.expose({ accept: undefined }).body) exposed += chunk.toString()
  expect(exposed).toContain('fuzz_bare_total')
  expect(await telemetry.flush(30_000)).toBe(true)
  await telemetry.shutdown(5_000)
})

function stackOf(error: unknown): string {
  try {
    return error instanceof Error ? String(error.stack).slice(0, 600) : typeof error
  } catch {
    // It was a hostile value itself that came back.
    return 'an error that cannot be read'
  }
}
