import { describe, expect, it } from 'vitest'
import { createRegistry } from './index.ts'

const TEXT = 'text/plain; version=0.0.4; charset=utf-8'
const OPEN = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

const PROTOBUF =
  'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited'

const typeFor = (accept: string | undefined): string => createRegistry().expose({ accept }).contentType

describe('content negotiation', () => {
  it.each([
    ['no header', undefined, TEXT],
    ['an empty one', '', TEXT],
    ['anything', '*/*', TEXT],
    ['a browser', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', TEXT],
    ['an unknown type', 'image/png', TEXT],
    ['OpenMetrics by name', 'application/openmetrics-text', OPEN],
    ['OpenMetrics in capitals, quoted', 'Application/OpenMetrics-Text ; Version="1.0.0"', OPEN],
    ['another version of OpenMetrics', 'application/openmetrics-text;version=2.0.0', TEXT],
    ['OpenMetrics ruled out', 'application/openmetrics-text;version=1.0.0;q=0', TEXT],
    ['text preferred', 'application/openmetrics-text;q=0.5,text/plain;q=0.6', TEXT],
    ['equal weights, OpenMetrics first', 'application/openmetrics-text,text/plain', OPEN],
    ['equal weights, text first', 'text/plain,application/openmetrics-text', TEXT],
    ['a weight that is none', 'application/openmetrics-text;q=high,text/plain;q=0.1', TEXT],
    ['nothing acceptable', '*/*;q=0', TEXT],
    [
      'Prometheus 2.42',
      'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      OPEN,
    ],
    [
      'Prometheus 3',
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
      `${OPEN}; escaping=allow-utf-8`,
    ],
    [
      'Prometheus 3 without OpenMetrics',
      'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
      'text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8',
    ],
    ['an older OpenMetrics', 'application/openmetrics-text;version=0.0.1', OPEN.replace('1.0.0', '0.0.1')],
    ['names in UTF-8 where the version has none', 'text/plain;version=0.0.4;escaping=allow-utf-8', TEXT],
    ['another escaping', 'text/plain;version=0.0.4;escaping=dots', `${TEXT}; escaping=dots`],
    ['an escaping that is none', 'text/plain;version=0.0.4;escaping=rot13', TEXT],
    ['protobuf that is not delimited', 'application/vnd.google.protobuf;encoding=text', TEXT],
    ['protobuf of another message', 'application/vnd.google.protobuf;proto=a.B;encoding=delimited', TEXT],
    [
      'Prometheus with native histograms',
      'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2',
      PROTOBUF,
    ],
  ])('answers %s', (_, accept, expected) => {
    expect(typeFor(accept)).toBe(expected)
  })

  it('answers text to 16 KB of any separator', () => {
    for (const mark of [',', ';', '=', ' ', '"', '*/*;q=', 'a/b,', '\u0000']) {
      expect(typeFor(mark.repeat(16_384 / mark.length))).toBe(TEXT)
    }
  })
})
