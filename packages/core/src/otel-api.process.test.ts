import {
  type Context,
  type ContextManager,
  context,
  propagation,
  ROOT_CONTEXT,
  trace,
} from '@opentelemetry/api'
import { expect, it } from 'vitest'
import {
  activeSpanContext,
  apiGlobal,
  contextWithSpan,
  installContext,
  isUntraced,
  registerApi,
  untraced,
} from './index.ts'

it('adopts a context manager that was registered first, and says which parts were taken', () => {
  let active: Context = ROOT_CONTEXT
  const earlier: ContextManager = {
    active: () => active,
    with: (next, fn, thisArg, ...args) => {
      const before = active
      active = next
      try {
        return fn.call(thisArg as never, ...args)
      } finally {
        active = before
      }
    },
    bind: (_, target) => target,
    enable: () => earlier,
    disable: () => earlier,
  }
  context.setGlobalContextManager(earlier)
  // A copy of another version registered it: the getter of our copy would hide it, the shared object does not.
  const shared = apiGlobal()
  expect(shared?.context).toBe(earlier)

  const storage = installContext()
  const span = trace.wrapSpanContext({
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    traceFlags: 1,
  })
  const seen = storage.run(contextWithSpan(ROOT_CONTEXT, span), () => [
    trace.getSpan(active),
    activeSpanContext()?.spanId,
    trace.getActiveSpan(),
  ])
  expect(seen).toEqual([span, 'b7ad6b7169203331', span])
  expect(untraced(() => isUntraced())).toBe(true)
  expect(isUntraced()).toBe(false)

  const provider = { getTracer: () => trace.getTracer('x') }
  const propagator = { inject() {}, extract: (given: Context) => given, fields: () => [] }
  expect(registerApi({ context: storage, trace: provider, propagation: propagator })).toEqual({
    context: 'taken',
    trace: 'ours',
    propagation: 'ours',
  })
  // A second telemetry of ours brings the same provider; somebody else's is another.
  expect(registerApi({ context: storage, trace: provider, propagation: propagator }).trace).toBe('ours')
  const other = { getTracer: () => trace.getTracer('y') }
  expect(registerApi({ context: storage, trace: other, propagation: propagator }).trace).toBe('taken')
  context.disable()
  trace.disable()
  propagation.disable()
})
