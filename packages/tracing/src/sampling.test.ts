import { ROOT_CONTEXT, type SpanKind, type SpanOptions, trace } from '@opentelemetry/api'
import { createDiagnostics } from '@triscope/core'
import { afterEach, describe, expect, it } from 'vitest'
import { continueTrace, createTracing, type SamplerOption, setCurrentTracing } from './index.ts'
import { ManualClock, resource } from './tracing.fixture.ts'

const withdrawn: (() => void)[] = []
afterEach(() => {
  for (const withdraw of withdrawn.splice(0)) withdraw()
})

const CALLER = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7'

function setUp(sampler: SamplerOption) {
  const clock = new ManualClock()
  const tracing = createTracing({
    resource,
    clock,
    sampler,
    diagnostics: createDiagnostics({ onMessage: () => {} }),
  })
  const start = (name = 's', options: SpanOptions = {}, headers: Record<string, string> = {}) =>
    tracing.tracer.startSpan(name, options, tracing.extract(headers))
  const kept = (...args: Parameters<typeof start>) => start(...args).isRecording()
  const request = (method: string, path: string, headers?: Record<string, string>) =>
    kept(method, { kind: SERVER, attributes: { 'http.request.method': method, 'url.path': path } }, headers)
  return { clock, tracing, start, kept, request }
}

const SERVER: SpanKind.SERVER = 1
const CLIENT: SpanKind.CLIENT = 2

describe('the sampler', () => {
  it.each([0, 1])('that is parent-based follows the caller: %s', (sampler) => {
    const { kept } = setUp(sampler)
    expect(['00', '01'].map((flag) => kept('s', {}, { traceparent: `${CALLER}-${flag}` }))).toEqual([
      false,
      true,
    ])
    expect(kept()).toBe(sampler === 1)
  })

  it.each([0, 1])('that is not decides anew, and its children follow: %s', (ratio) => {
    const { tracing, start } = setUp({ ratio, parentBased: false })
    for (const flag of ['00', '01']) {
      const span = start('s', {}, { traceparent: `${CALLER}-${flag}`, tracestate: 'ot=th:8,a=1' })
      expect(span.isRecording()).toBe(ratio === 1)
      expect(span.spanContext().traceFlags).toBe(ratio)
      // What the caller said of the weight is not true of this decision.
      expect(span.spanContext().traceState?.serialize()).toBe(ratio === 1 ? 'ot=th:0,a=1' : 'a=1')
      const child = tracing.tracer.startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, span))
      expect(child.isRecording()).toBe(ratio === 1)
    }
  })

  it('exports the weight of what a ratio keeps, on the span and to whoever is called', () => {
    const { tracing, start } = setUp(0.5)
    let span = start()
    while (!span.isRecording()) {
      expect(span.spanContext().traceState).toBeUndefined()
      span = start()
    }
    expect(span.spanContext().traceState?.serialize()).toBe('ot=th:8')
    const child = tracing.tracer.startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, span))
    expect(child.spanContext().traceState?.serialize()).toBe('ot=th:8')
    const carrier: Record<string, string> = {}
    tracing.propagator.inject(trace.setSpan(ROOT_CONTEXT, child), carrier, {
      set: (to, name, value) => {
        to[name] = value
      },
    })
    expect(carrier['tracestate']).toBe('ot=th:8')
    expect(setUp(1).start().spanContext().traceState).toBeUndefined()
  })

  it('takes a trace anew by the randomness that its first service gave it', () => {
    const { kept } = setUp({ ratio: 0.5, parentBased: false })
    const traceparent = `${CALLER}-01`
    expect(kept('s', {}, { traceparent, tracestate: 'ot=rv:80000000000000' })).toBe(true)
    expect(kept('s', {}, { traceparent, tracestate: 'ot=rv:7fffffffffffff' })).toBe(false)
  })

  it('keeps so many a second, saves up no more than the burst, and tells no weight', () => {
    const { clock, kept, start } = setUp({ perSecond: 2, burst: 3 })
    const many = () => Array.from({ length: 10 }, () => kept()).filter(Boolean).length
    expect(many()).toBe(3)
    clock.advance(500)
    expect(many()).toBe(1)
    clock.advance(60_000)
    expect(start().spanContext().traceState).toBeUndefined()
    expect(many()).toBe(2)
    // What came in is not counted.
    expect(kept('s', {}, { traceparent: `${CALLER}-01` })).toBe(true)
  })

  it('keeps one in ten seconds at 0.1 a second', () => {
    const { clock, kept } = setUp({ perSecond: 0.1 })
    expect([kept(), kept()]).toEqual([true, false])
    clock.advance(9_999)
    expect(kept()).toBe(false)
    clock.advance(2)
    expect(kept()).toBe(true)
  })

  it('goes by the first rule that fits, and by the default where none does', () => {
    const { kept, request } = setUp({
      rules: [
        { header: { 'X-Debug': '1' }, ratio: 1 },
        { route: '/health*', ratio: 0 },
        { route: '/users/:id', method: 'get', ratio: 1 },
        { name: 'job *', ratio: 1 },
        { kind: 'client', ratio: 1 },
      ],
      default: 0,
    })
    expect(request('GET', '/healthz')).toBe(false)
    expect(request('GET', '/healthz', { 'x-debug': '1' })).toBe(true)
    expect(request('GET', '/healthz', { 'x-debug': '2' })).toBe(false)
    expect(request('GET', '/users/42')).toBe(true)
    expect(request('POST', '/users/42')).toBe(false)
    expect(request('GET', '/users/42/posts')).toBe(false)
    expect(kept('job nightly')).toBe(true)
    expect(kept('task')).toBe(false)
    expect(kept('GET', { kind: CLIENT })).toBe(true)
    expect(kept('s', { attributes: { 'http.route': '/users/:id', 'http.request.method': 'GET' } })).toBe(true)
    expect(request('GET', '/users/42', { traceparent: `${CALLER}-00` })).toBe(false)
  })

  it('keeps everything where no rule fits and no default is given', () => {
    const { request } = setUp({ rules: [{ route: '/health*', ratio: 0 }] })
    expect([request('GET', '/'), request('GET', '/health')]).toEqual([true, false])
  })

  it('limits the rate of one rule alone', () => {
    const { request } = setUp({ rules: [{ route: '/busy', perSecond: 1 }], default: { ratio: 1 } })
    expect([request('GET', '/busy'), request('GET', '/busy'), request('GET', '/')]).toEqual([
      true,
      false,
      true,
    ])
  })

  it('sees the headers of a message too', () => {
    const { tracing, kept } = setUp({ rules: [{ header: { 'x-debug': '*' }, ratio: 1 }], default: 0 })
    withdrawn.push(setCurrentTracing(tracing))
    const started = () => tracing.tracer.startSpan('work').isRecording()
    expect(continueTrace({ 'X-Debug': Buffer.from('yes') }, started)).toBe(true)
    expect(continueTrace({}, started)).toBe(false)
    expect(kept('s', {}, { 'x-debug': 'y'.repeat(2_000) })).toBe(false)
    expect(tracing.propagator.fields()).toEqual(['traceparent', 'tracestate', 'baggage'])
  })

  it.each<[unknown, string]>([
    [1.5, 'tracing.sampler: expected a ratio from 0 to 1, settings, or a Sampler, got 1.5'],
    ['always_on', 'tracing.sampler: expected a ratio'],
    [{}, 'tracing.sampler: expected one of ratio, perSecond, rules (with default) and jaegerRemote'],
    [{ ratio: 1, rules: [] }, 'tracing.sampler: expected one of'],
    [{ ratio: 1, default: 1 }, 'tracing.sampler: expected one of'],
    [{ ratio: 2 }, 'tracing.sampler.ratio: expected a ratio from 0 to 1, got 2'],
    [{ ratio: 1, perSecond: 1 }, 'tracing.sampler: expected one of ratio and perSecond'],
    [{ perSecond: 0 }, 'tracing.sampler.perSecond: expected a number above 0, got 0'],
    [{ perSecond: 1, burst: 0 }, 'tracing.sampler.burst: expected a number of 1 or more, got 0'],
    [{ ratoi: 1 }, 'unknown option "tracing.sampler.ratoi"'],
    [{ ratio: 1, parentBased: 'no' }, 'tracing.sampler.parentBased: expected true or false'],
    [{ rules: {} }, 'tracing.sampler.rules: expected a list of rules'],
    [{ rules: [{ route: '/a' }] }, 'tracing.sampler.rules[0]: expected one of ratio and perSecond'],
    [{ rules: [{ path: '/a', ratio: 0 }] }, 'unknown option "tracing.sampler.rules[0].path"'],
    [
      { rules: [{ kind: 'web', ratio: 0 }] },
      'tracing.sampler.rules[0].kind: expected one of internal, server',
    ],
    [{ rules: [{ header: { a: 1 }, ratio: 0 }] }, 'tracing.sampler.rules[0].header.a: expected some text'],
    [{ rules: [], default: 2 }, 'tracing.sampler.default.ratio: expected a ratio from 0 to 1, got 2'],
    [{ jaegerRemote: { endpoint: 'localhost' } }, 'tracing.sampler.jaegerRemote.endpoint: expected an http'],
    [
      { jaegerRemote: { pollIntervalMs: 1 } },
      'tracing.sampler.jaegerRemote.pollIntervalMs: expected milliseconds',
    ],
  ])('refuses %j', (option, message) => {
    expect(() => createTracing({ resource, sampler: option as SamplerOption })).toThrow(message)
  })
})
