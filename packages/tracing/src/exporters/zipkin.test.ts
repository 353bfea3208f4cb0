import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { describe, expect, it } from 'vitest'
import { exportedRecords } from './exported-records.fixture.ts'
import { createZipkinFrame } from './zipkin.ts'

const resource = { attributes: { 'service.name': 'orders', 'process.pid': 42, text: 'of the resource' } }

describe('Zipkin v2', () => {
  it('says a span by the words of the transformation', () => {
    const { records, scopes } = exportedRecords((tracer) => {
      const span = tracer.startSpan('call', {
        kind: SpanKind.CLIENT,
        startTime: [1_700_000_000, 5_678],
        attributes: {
          text: 'of the span',
          yes: true,
          whole: 7,
          list: ['a', 'b'],
          'server.address': 'db',
          'network.peer.address': '10.0.0.1',
          'network.peer.port': 5432,
        },
      })
      span.addEvent('plain', {}, [1_700_000_001, 0])
      span.addEvent('with "quotes"', { bytes: 3 }, [1_700_000_001, 0])
      span.setStatus({ code: SpanStatusCode.ERROR, message: 'no' })
      span.end([1_700_000_002, 5_678])
      tracer.startSpan('inner', { startTime: 5 }).end(5)
    })
    const [call, inner] = JSON.parse(Buffer.from(createZipkinFrame(resource, scopes)(records)).toString())
    expect(call).toEqual({
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
      id: expect.stringMatching(/^[0-9a-f]{16}$/),
      name: 'call',
      kind: 'CLIENT',
      timestamp: 1_700_000_000_000_005,
      duration: 2_000_000,
      localEndpoint: { serviceName: 'orders' },
      remoteEndpoint: { serviceName: 'db', ipv4: '10.0.0.1', port: 5432 },
      annotations: [
        { timestamp: 1_700_000_001_000_000, value: 'plain' },
        { timestamp: 1_700_000_001_000_000, value: '"with \\"quotes\\"": {"bytes":3}' },
      ],
      tags: {
        'process.pid': '42',
        text: 'of the span',
        yes: 'true',
        whole: '7',
        list: '["a","b"]',
        'server.address': 'db',
        'network.peer.address': '10.0.0.1',
        'network.peer.port': '5432',
        'otel.status_code': 'ERROR',
        error: 'no',
        'otel.scope.name': 'library',
        'otel.scope.version': '1.2.3',
      },
    })
    expect([inner.kind, inner.duration, inner.parentId]).toEqual([undefined, 1, undefined])
  })
})
