import { describe, expect, it } from 'vitest'
import { spansOf, TraceRequest } from './otlp-spans.js'

/** @param {string} text */
const bytes = (text) => Buffer.from(text, 'hex')

function body() {
  return TraceRequest.encode({
    resourceSpans: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'orders' } }] },
        scopeSpans: [
          {
            spans: [
              {
                traceId: bytes('4bf92f3577b34da6a3ce929d0e0e4736'),
                spanId: bytes('00f067aa0ba902b7'),
                parentSpanId: bytes('00f067aa0ba902b8'),
                name: 'GET /orders/:id',
                kind: 2,
                startTimeUnixNano: 1_700_000_000_000_500_000n.toString(),
                endTimeUnixNano: 1_700_000_000_012_750_000n.toString(),
                attributes: [
                  { key: 'http.response.status_code', value: { intValue: 500 } },
                  { key: 'http.route', value: { stringValue: '' } },
                  { key: 'cached', value: { boolValue: false } },
                  { key: 'ratio', value: { doubleValue: 0.5 } },
                ],
                events: [
                  {
                    name: 'exception',
                    attributes: [
                      { key: 'exception.type', value: { stringValue: 'Error' } },
                      { key: 'exception.message', value: { stringValue: 'no stock' } },
                    ],
                  },
                ],
                status: { code: 2 },
              },
              { traceId: bytes('4bf92f3577b34da6a3ce929d0e0e4736'), spanId: bytes('00f067aa0ba902b8') },
            ],
          },
        ],
      },
    ],
  }).finish()
}

describe('spansOf', () => {
  it('reads a span with its service, times, status, error and attributes', () => {
    const [span] = spansOf(body())
    expect(span).toEqual({
      service: 'orders',
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      spanId: '00f067aa0ba902b7',
      parentSpanId: '00f067aa0ba902b8',
      name: 'GET /orders/:id',
      kind: 'server',
      startMs: 1_700_000_000_000.5,
      durationMs: 12.25,
      failed: true,
      error: 'Error: no stock',
      attributes: { 'http.response.status_code': '500', 'http.route': '', cached: 'false', ratio: '0.5' },
    })
  })

  it('reads a span of which only the ids are set', () => {
    expect(spansOf(body())[1]).toMatchObject({
      parentSpanId: undefined,
      kind: 'internal',
      failed: false,
      error: undefined,
      durationMs: 0,
    })
  })

  it('throws at what is no trace request', () => {
    expect(() => spansOf(new Uint8Array([0xff, 0xff, 0xff]))).toThrow()
  })
})
