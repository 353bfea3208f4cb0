import { describe, expect, it } from 'vitest'
import { callPlace } from './call-place.ts'

const withStack = (...frames: string[]): Error =>
  Object.assign(new Error('x'), {
    stack: ['Error: x', ...frames.map((frame) => `    at ${frame}`)].join('\n'),
  })

describe('callPlace', () => {
  it('is the first frame of the app', () => {
    expect(callPlace(new Error('here'))).toMatch(/call-place\.test\.ts:\d+:\d+$/)
    expect(
      callPlace(
        withStack(
          'startSpan (/app/node_modules/@triscope/tracing/dist/index.js:1:2)',
          'ProxyTracer.startSpan (C:\\app\\node_modules\\@opentelemetry\\api\\build\\trace.js:3:4)',
          'node:internal/process/task_queues:95:5',
          'AsyncLocalStorage.run (node:async_hooks:346:14)',
          'load (file:///app/cart.js:12:5)',
        ),
      ),
    ).toBe('file:///app/cart.js:12:5')
    expect(callPlace(withStack('/app/cart.js:12:5'))).toBe('/app/cart.js:12:5')
  })

  it('is the way there where all is one bundle, and unknown where there is no stack', () => {
    expect(callPlace(withStack('startSpan (node:a)', 'load (node:b)'))).toBe('startSpan < load')
    expect(callPlace(Object.assign(new Error('x'), { stack: undefined }))).toBe('an unknown place')
  })
})
