import { context, trace } from '@opentelemetry/api'
import { activeSpanContext } from '@triscope/core'
import { bridgeToCls, createClsStorage } from '@triscope/core/cls-hooked'
import { expect, it } from 'vitest'
import { activeSpan, createTelemetry, span } from './index.ts'

/** As much of a namespace as is needed where nothing is asynchronous. */
function namespace() {
  const entered: object[] = []
  return {
    get active() {
      return entered.at(-1) as { traceId?: string } | undefined
    },
    enter: (next: object) => void entered.push(next),
    exit: (last: object) => void entered.splice(entered.indexOf(last), 1),
  }
}

const quiet = {
  env: {},
  banner: false,
  flushAtExit: false,
  logging: false,
  metrics: { runtime: false },
} as const

it('carries the active span in the storage it is given until shutdown, and then as before', async () => {
  const ns = namespace()
  const first = createTelemetry({ ...quiet, context: createClsStorage(ns) })
  span('first', (current) => {
    expect(ns.active).toBeDefined()
    expect(activeSpan()).toBe(current)
    expect(trace.getActiveSpan()).toBe(current)
    expect(context.with(context.active(), () => activeSpanContext())).toBe(current.spanContext())
  })
  await first.shutdown()

  const second = createTelemetry(quiet)
  span('second', (current) => {
    expect(ns.active).toBeUndefined()
    expect(trace.getActiveSpan()).toBe(current)
  })
  await second.shutdown()

  const third = createTelemetry({ ...quiet, context: bridgeToCls(ns) })
  span('third', (current) => {
    expect(ns.active?.traceId).toBe(current.spanContext().traceId)
    expect(trace.getActiveSpan()).toBe(current)
  })
  expect(ns.active).toBeUndefined()
  await third.shutdown()
})
