/** What must compile, and what must not: checked by the compiler, never run. */
import type { Readable } from 'node:stream'
import { continueTrace, createTracing, inject, type SamplerOption, span } from './index.ts'

const resource = { attributes: {} }

// A span gives back what the function returns, of its own type.
export const value: number = span('a', () => 7)
export const promise: Promise<string> = span('a', { b: 1 }, async () => 'x')
export const generator: Generator<number, string, boolean> = span('a', function* (): Generator<
  number,
  string,
  boolean
> {
  return (yield 1) ? 'x' : 'y'
})
export const stream = (make: () => Readable): Readable => span('a', make)
span('a', (_, done) => {
  done()
  done(new Error('x'))
})
// @ts-expect-error: what it returns is a number
export const wrong: string = span('a', () => 7)
// @ts-expect-error: an attribute is no object
span('a', { b: {} }, () => 7)

// A carrier comes back as what it is.
export const headers: Map<string, string> = inject(new Map<string, string>())
export const kafka: { key: Buffer } = inject({ key: Buffer.alloc(0) })
export const result: boolean = continueTrace(undefined, () => true)
// @ts-expect-error: a text carries no headers
inject('traceparent')

export const samplers: readonly SamplerOption[] = [
  0.5,
  { ratio: 0.5, parentBased: false },
  { perSecond: 10, burst: 20 },
  {
    rules: [
      { route: '/health*', ratio: 0 },
      { header: { 'x-debug': '1' }, ratio: 1 },
    ],
    default: { perSecond: 1 },
  },
  { jaegerRemote: { endpoint: 'http://jaeger:5778' } },
]

createTracing({
  resource,
  propagators: ['b3', 'jaeger'],
  inbound: 'link',
  baggageHosts: ['internal', '*.a.b'],
})
// @ts-expect-error: there is no such format
createTracing({ resource, propagators: ['xray'] })
// @ts-expect-error: there is no such policy
createTracing({ resource, inbound: 'maybe' })
// @ts-expect-error: a rule has no path, but a route
createTracing({ resource, sampler: { rules: [{ path: '/a', ratio: 0 }] } })
