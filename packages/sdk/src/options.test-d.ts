/** Which options compile, and which do not. Read by the type checker alone. */
import { createTelemetry, type RequestTelemetry } from './index.ts'

export function compiles(request: RequestTelemetry): void {
  createTelemetry({ trustProxy: false })
  createTelemetry({ trustProxy: 1 })
  createTelemetry({ trustProxy: ['loopback', '10.0.0.0/8'] })
  createTelemetry({ trustProxy: { proxies: ['private'], header: 'forwarded' } })
  // @ts-expect-error true would believe anybody
  createTelemetry({ trustProxy: true })
  // @ts-expect-error a list, also of one
  createTelemetry({ trustProxy: 'loopback' })
  // @ts-expect-error no header that proxies append to
  createTelemetry({ trustProxy: { proxies: 1, header: 'x-real-ip' } })
  createTelemetry({ requestId: false })
  createTelemetry({ requestId: { header: 'x-correlation-id', response: true } })
  // @ts-expect-error it is on already
  createTelemetry({ requestId: true })
  createTelemetry({
    onError: (error, { requestId }, { user, fields }) => [error, requestId, user?.id, fields['a']],
  })
  // @ts-expect-error an error may be anything that can be thrown
  createTelemetry({ onError: (error: Error) => error.message })
  request.setUser({ id: 'u-1', plan: 'pro' })
  // @ts-expect-error a user has an id
  request.setUser({ name: 'who' })
  // @ts-expect-error numbers are written as text by the app, which knows how
  request.setUser({ id: 7 })
  createTelemetry({
    logging: { access: { sample: 0.1 }, file: { path: 'a.log', maxBytes: 1 }, format: 'ecs' },
  })
  // @ts-expect-error a part is a number
  createTelemetry({ logging: { access: { sample: '10%' } } })
  // @ts-expect-error not a format
  createTelemetry({ logging: { format: 'xml' } })
  // @ts-expect-error the policy is given once, as `redact`
  createTelemetry({ logging: { redaction: undefined } })
}
