import { SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api'
import { describe, expect, it } from 'vitest'
import { exportedRecords } from './exported-records.fixture.ts'
import { createJsonFrame } from './otlp-json.ts'

const resource = { attributes: { 'service.name': 'orders', 'process.pid': 42 } }

describe('OTLP in JSON', () => {
  it('says every field as the JSON encoding of OTLP has it', () => {
    const { records, scopes } = exportedRecords((tracer) => {
      const link = {
        context: { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: TraceFlags.SAMPLED },
        attributes: { why: 'batch' },
      }
      const span = tracer.startSpan('work', {
        kind: SpanKind.CLIENT,
        startTime: [1_700_000_000, 5],
        links: [link],
        attributes: {
          text: 'ä"\n',
          yes: true,
          whole: -7,
          big: 2 ** 53,
          float: 1.5,
          zero: -0,
          list: ['a', 'b'],
        },
      })
      span.addEvent('sent', { bytes: 3 }, [1_700_000_001, 0])
      span.setStatus({ code: SpanStatusCode.ERROR, message: 'no' })
      span.end([1_700_000_002, 999_999_999])
    })
    const request = JSON.parse(Buffer.from(createJsonFrame(resource, scopes)(records)).toString())
    expect(request).toEqual({
      resourceSpans: [
        {
          resource: {
            attributes: [
              { key: 'service.name', value: { stringValue: 'orders' } },
              { key: 'process.pid', value: { intValue: '42' } },
            ],
          },
          scopeSpans: [
            {
              scope: { name: 'library', version: '1.2.3' },
              schemaUrl: 'https://schema/1',
              spans: [
                {
                  traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
                  spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
                  flags: expect.any(Number),
                  name: 'work',
                  kind: 3,
                  startTimeUnixNano: '1700000000000000005',
                  endTimeUnixNano: '1700000002999999999',
                  attributes: [
                    { key: 'text', value: { stringValue: 'ä"\n' } },
                    { key: 'yes', value: { boolValue: true } },
                    { key: 'whole', value: { intValue: '-7' } },
                    { key: 'big', value: { doubleValue: 2 ** 53 } },
                    { key: 'float', value: { doubleValue: 1.5 } },
                    { key: 'zero', value: { doubleValue: '-0' } },
                    {
                      key: 'list',
                      value: { arrayValue: { values: [{ stringValue: 'a' }, { stringValue: 'b' }] } },
                    },
                  ],
                  events: [
                    {
                      timeUnixNano: '1700000001000000000',
                      name: 'sent',
                      attributes: [{ key: 'bytes', value: { intValue: '3' } }],
                    },
                  ],
                  links: [
                    {
                      traceId: '1'.repeat(32),
                      spanId: '2'.repeat(16),
                      attributes: [{ key: 'why', value: { stringValue: 'batch' } }],
                      flags: 0x101,
                    },
                  ],
                  status: { code: 2, message: 'no' },
                },
              ],
            },
          ],
        },
      ],
    })
  })

  it('says the numbers that JSON does not have as text', () => {
    const { records, scopes } = exportedRecords((tracer) =>
      tracer.startSpan('s', { attributes: { a: Number.NaN, b: -Infinity } }).end(),
    )
    const text = Buffer.from(createJsonFrame(resource, scopes)(records)).toString()
    expect(text).toContain('{"key":"a","value":{"doubleValue":"NaN"}}')
    expect(text).toContain('{"key":"b","value":{"doubleValue":"-Infinity"}}')
  })
})
