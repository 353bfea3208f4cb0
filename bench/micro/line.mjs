/** What a log line with trace ids costs. Standard output of this process is /dev/null. */
import { createRequire } from 'node:module'
import { installContext, registerApi } from '@triscope/core'
import { createLogging } from '@triscope/logging'
import { createTracing } from '@triscope/tracing'
import { stdout } from '../http/stdout.mjs'

const load = createRequire(import.meta.url)
const { trace } = load('@opentelemetry/api')
const pino = load('pino')

/** Calls `use` with the questions inside a sampled span, and returns what it returns. */
export function withQuestions(_how, use) {
  registerApi({ context: installContext() })
  const { tracer } = createTracing({ resource: { attributes: {} } })
  return tracer.startActiveSpan('request', () => use(questions()))
}

function questions() {
  // As the sdk makes it, which watches how the process ends.
  const ours = createLogging({ sync: false }).logger
  const foreign = createLogging().correlate(pino(stdout()))
  const mixed = pino({ mixin }, stdout())
  const plain = pino(stdout())
  const contenders = {
    triscope: { label: "Triscope's own logger", run: writes(ours) },
    correlated: { label: "the app's pino, correlated by Triscope", run: writesToo(foreign) },
    mixin: { label: 'pino with a mixin', run: writesAsWell(mixed) },
    plain: { label: 'pino without ids', run: writesPlainly(plain) },
  }
  return {
    line: { label: 'line with trace ids', ours: 'triscope', peers: ['mixin'], target: 0.25, contenders },
  }
}

function mixin() {
  const { traceId, spanId, traceFlags } = trace.getActiveSpan()?.spanContext() ?? {}
  return { trace_id: traceId, span_id: spanId, trace_flags: `0${traceFlags.toString(16)}` }
}

// Each contender has a loop of its own; one loop for all would be compiled for none.

function writes(log) {
  return (n) => {
    for (let i = 0; i < n; i++) log.info({ user: i, plan: 'pro' }, 'order placed')
  }
}

function writesToo(log) {
  return (n) => {
    for (let i = 0; i < n; i++) log.info({ user: i, plan: 'pro' }, 'order placed')
  }
}

function writesAsWell(log) {
  return (n) => {
    for (let i = 0; i < n; i++) log.info({ user: i, plan: 'pro' }, 'order placed')
  }
}

function writesPlainly(log) {
  return (n) => {
    for (let i = 0; i < n; i++) log.info({ user: i, plan: 'pro' }, 'order placed')
  }
}
