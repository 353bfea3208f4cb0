import { describe, expect, it } from 'vitest'
import { foreignEndpoint, serviceEnv } from './stage.js'

describe('the environment of a service', () => {
  const own = { PATH: '/bin', NODE_ENV: 'production', LOG_LEVEL: 'silent', OTEL_SDK_DISABLED: 'true' }

  it('is without the reader’s own telemetry settings when spans go to the receiver of the demo', () => {
    expect(serviceEnv(own, 'http://127.0.0.1:9')).toEqual({
      PATH: '/bin',
      OTEL_BSP_SCHEDULE_DELAY: '500',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
    })
  })

  it('keeps those of an endpoint of the reader when spans go there, and no others', () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://jaeger:4318', OTEL_EXPORTER_OTLP_HEADERS: 'a=b' }
    const others = { OTEL_SDK_DISABLED: 'true', OTEL_EXPORTER_PROMETHEUS_PORT: '9464' }
    expect(serviceEnv({ ...env, ...others }, undefined)).toEqual({ ...env, OTEL_BSP_SCHEDULE_DELAY: '500' })
  })
})

it('takes the endpoint of the reader where one is named, and shows no password of it', () => {
  expect(foreignEndpoint({})).toBeUndefined()
  expect(foreignEndpoint({ OTEL_EXPORTER_OTLP_ENDPOINT: '' })).toBeUndefined()
  expect(foreignEndpoint({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a:4318' })).toBe('http://a:4318')
  expect(
    foreignEndpoint({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a:4318',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://user:secret@b/v1/traces',
    }),
  ).toBe('https://b/v1/traces')
})
