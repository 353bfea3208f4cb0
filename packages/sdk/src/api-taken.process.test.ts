import { ProxyTracerProvider, trace } from '@opentelemetry/api'
import { expect, it } from 'vitest'
import { createTelemetry } from './index.ts'

it('names another SDK that was registered first, and leaves it there', async () => {
  const first = new ProxyTracerProvider()
  trace.setGlobalTracerProvider(first)
  const warnings: string[] = []
  const telemetry = createTelemetry({
    env: {},
    banner: false,
    flushAtExit: false,
    logging: { level: 'silent' },
    onWarning: ({ code, message }) => warnings.push(`${code} ${message}`),
  })
  expect(warnings).toEqual([
    expect.stringMatching(
      /^TRI_WARN_API_TAKEN another OpenTelemetry SDK was registered first: .* remove one of the two/,
    ),
  ])
  expect((trace.getTracerProvider() as ProxyTracerProvider).getDelegate()).toBe(first)
  await telemetry.shutdown()
})
