import { describe, expect, it } from 'vitest'
import { serviceEnv } from './stage.js'

describe('the environment of a service', () => {
  const own = { PATH: '/bin', NODE_ENV: 'production', LOG_LEVEL: 'silent', OTEL_SDK_DISABLED: 'true' }

  it('is without the reader’s own telemetry settings when spans go to the receiver of the demo', () => {
    expect(serviceEnv(own, 'http://127.0.0.1:9')).toEqual({
      PATH: '/bin',
      OTEL_BSP_SCHEDULE_DELAY: '500',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
    })
  })

  it('keeps them when spans go to an endpoint of the reader', () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://jaeger:4318', OTEL_EXPORTER_OTLP_HEADERS: 'a=b' }
    expect(serviceEnv(env, undefined)).toEqual({ ...env, OTEL_BSP_SCHEDULE_DELAY: '500' })
  })
})
