/**
 * Every public function that records, as an app in its worst mood calls it.
 *
 * Invariant: no value of the app's is called back but by telemetry, so whatever is thrown was thrown by telemetry.
 */
import type { IncomingMessage } from 'node:http'
import { types } from 'node:util'
import { context, propagation, type Span, type Tracer, trace } from '@opentelemetry/api'
import { createRedaction, type Redaction } from '@triscope/core'
import type { Logger } from '@triscope/logging'
import {
  activeSpan,
  continueTrace,
  getLogger,
  inject,
  recordError,
  span,
  type Telemetry,
} from '@triscope/sdk'
import { hostile } from './hostile-values.ts'
import type { Random } from './random.ts'

/** One hostile call. */
export interface Call {
  readonly name: string
  make(): void
}

type Anything = (...values: unknown[]) => unknown

/** Whatever its types say. */
function loosely(owner: object, method: string): Anything {
  const found = (owner as Record<string, unknown>)[method]
  if (typeof found !== 'function') throw new Error(`there is no ${method}`)
  return (...values) => (found as Anything).apply(owner, values)
}

/** All calls upon `telemetry`. */
export function callsUpon(
  { registry, inertRequest, ...telemetry }: Telemetry,
  random: Random,
): readonly Call[] {
  const value = (): unknown => hostile(random)
  const values = (most = 4): unknown[] => Array.from({ length: random.below(most + 1) }, value)
  const call = (name: string, make: () => unknown): Call => ({ name, make: () => void make() })
  const tracer: Tracer = trace.getTracer('fuzz')
  const live = (): Span => tracer.startSpan('fuzzed')
  const labelled = { help: 'Fuzzed.', labels: ['a', 'b'] } as const
  const instruments = {
    counter: registry.counter({ name: 'fuzz_total', ...labelled }),
    upDownCounter: registry.upDownCounter({ name: 'fuzz_active', ...labelled }),
    gauge: registry.gauge({ name: 'fuzz_level', ...labelled }),
    histogram: registry.histogram({ name: 'fuzz_seconds', ...labelled }),
    native: registry.histogram({ name: 'fuzz_native_seconds', ...labelled, native: true }),
    summary: registry.summary({ name: 'fuzz_summary', ...labelled }),
    bare: registry.counter({ name: 'fuzz_bare_total', help: 'Fuzzed.' }),
  }
  return [
    ...[
      'setAttribute',
      'setAttributes',
      'addEvent',
      'addLink',
      'addLinks',
      'setStatus',
      'updateName',
      'recordException',
      'end',
      'isRecording',
      'spanContext',
    ].map((method) =>
      call(`span.${method}`, () => {
        const current = live()
        loosely(current, method)(...values())
        loosely(current, method)(...values())
        loosely(current, 'end')(value())
      }),
    ),
    call('tracer.startSpan', () => loosely(tracer, 'startSpan')(...values()) && undefined),
    call('tracer.startSpan with options', () =>
      loosely(tracer, 'startSpan')(value(), {
        attributes: value(),
        links: value(),
        kind: value(),
        startTime: value(),
        root: value(),
      }),
    ),
    call('tracer.startActiveSpan', () =>
      loosely(tracer, 'startActiveSpan')(value(), value(), () => undefined),
    ),
    call('span()', () =>
      loosely({ span }, 'span')(value(), value(), (_: Span, done: Anything) => done(value())),
    ),
    call('span() of a value', () => loosely({ span }, 'span')(value(), () => shielded(value()))),
    call('span() and what it records', () =>
      span('outer', () => {
        loosely({ recordError }, 'recordError')(value(), value())
        loosely(activeSpan() ?? {}, 'setAttribute')(value(), value())
        loosely({ inject }, 'inject')(value())
      }),
    ),
    call('inject', () => span('outer', () => loosely({ inject }, 'inject')(value()))),
    call('continueTrace', () => loosely({ continueTrace }, 'continueTrace')(value(), () => undefined)),
    call('propagation.extract', () => loosely(propagation, 'extract')(context.active(), value())),
    call('propagation.inject', () =>
      span('outer', () => loosely(propagation, 'inject')(context.active(), value())),
    ),
    call('headers of a caller', () =>
      continueTrace({ traceparent: value(), tracestate: value(), baggage: value() }, () => inject({})),
    ),
    ...Object.entries(instruments).flatMap(([name, instrument]) => methodsOf(name, instrument, call, values)),
    ...loggersOf(telemetry.logger).flatMap(({ name, logger }) =>
      ['trace', 'debug', 'info', 'warn', 'error', 'fatal'].map((level) =>
        call(`${name}.${level}`, () => loosely(logger(), level)(...values())),
      ),
    ),
    call('request', () => {
      const request = telemetry.beginRequest(requestOf(random), undefined)
      if (request === undefined) return
      for (const method of ['addFields', 'error', 'route', 'setAttributes']) {
        if (typeof (request as unknown as Record<string, unknown>)[method] === 'function') {
          loosely(request, method)(...values())
        }
      }
      loosely(request.log, 'info')(...values())
      request.run(() => loosely(request.span, 'setAttribute')(...values()))
      loosely(request, 'end')(value())
    }),
    call('inert request', () => loosely(inertRequest, 'addFields')(...values())),
    ...redactions().flatMap((redaction) => [
      call('redaction.fields', () => redaction.fields(value())),
      call('redaction.field', () => redaction.field(random.text(9), value())),
      call('redaction.attribute', () => redaction.attribute(random.text(9), value())),
      call('redaction.text', () => redaction.text(random.text(99))),
      call('redaction.url', () => redaction.url(random.text(99))),
    ]),
  ]
}

function methodsOf(
  name: string,
  instrument: object,
  call: (name: string, make: () => unknown) => Call,
  values: (most?: number) => unknown[],
): Call[] {
  const known = ['inc', 'dec', 'add', 'set', 'observe', 'startTimer', 'remove', 'record']
  const has = (method: string): boolean =>
    typeof (instrument as Record<string, unknown>)[method] === 'function'
  const calls = known
    .filter(has)
    .map((method) => call(`${name}.${method}`, () => loosely(instrument, method)(...values())))
  return [
    ...calls,
    ...['time']
      .filter(has)
      .map((method) => call(`${name}.${method}`, () => loosely(instrument, method)(() => 1, ...values()))),
    call(`${name}.series`, () => {
      const series = loosely(instrument, 'series')(...values(1)) as object
      for (const method of known.slice(0, 5)) {
        if (typeof (series as Record<string, unknown>)[method] !== 'function') continue
        loosely(series, method)(...values())
      }
    }),
  ]
}

function loggersOf(logger: Logger): readonly { name: string; logger: () => Logger }[] {
  const child = logger.child({ part: 'fuzz' })
  return [
    { name: 'logger', logger: () => logger },
    { name: 'child', logger: () => child },
    { name: 'getLogger()', logger: () => getLogger('fuzz') },
  ]
}

function redactions(): readonly Redaction[] {
  return [createRedaction(), createRedaction({ preset: 'pii', paths: ['a.b', '*.c', 'd[*]'] })]
}

/** A promise that fails fails in the app, also behind `span()`. */
function shielded(value: unknown): unknown {
  return types.isPromise(value) || types.isProxy(value) ? [value] : value
}

function requestOf(random: Random): IncomingMessage {
  return {
    method: random.of(['GET', 'POST', random.text(9)]),
    url: random.of(['/', random.text(40)]),
    headers: { traceparent: hostile(random), 'user-agent': random.text(9), host: random.text(9) },
    httpVersionMajor: 1,
    httpVersion: '1.1',
    rawHeaders: [],
    socket: { remoteAddress: '127.0.0.1' },
    on: () => {},
    once: () => {},
  } as unknown as IncomingMessage
}
