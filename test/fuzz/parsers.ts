/**
 * Every reader of what comes from outside, each with pieces of its grammar.
 *
 * Invariant: `read` hands the text to the code that requests, answers and variables go through, and throws only what that
 * code throws.
 */
import { ROOT_CONTEXT } from '@opentelemetry/api'
import { createDiagnostics, createRedaction, createResource, systemClock } from '@triscope/core'
import { ProtobufReader, proxyFor, readOtlpAnswer } from '@triscope/delivery'
import { createRegistry, lint } from '@triscope/metrics'
import { resultOfStatus } from '../../packages/delivery/src/grpc-status.ts'
import { resultOfAnswer } from '../../packages/delivery/src/http-result.ts'
import { oneLine } from '../../packages/delivery/src/otlp-answer.ts'
import type { Env } from '../../packages/sdk/src/env.ts'
import { exporterOf } from '../../packages/sdk/src/exporter-variables.ts'
import { logExporterOf } from '../../packages/sdk/src/log-variables.ts'
import { pathOf, schemeOf, urlOf } from '../../packages/sdk/src/request-target.ts'
import { samplerOf } from '../../packages/sdk/src/sampler-variables.ts'
import { SettingReader } from '../../packages/sdk/src/setting-reader.ts'
import { carrierGetter } from '../../packages/tracing/src/carrier.ts'
import { GetterHeaders } from '../../packages/tracing/src/header-source.ts'
import { isInternalHost, resolveBaggageHosts } from '../../packages/tracing/src/hosts.ts'
import { PROPAGATOR_NAMES, resolvePropagators } from '../../packages/tracing/src/propagators.ts'
import { parseStrategy } from '../../packages/tracing/src/sampling-strategy.ts'
import { routePattern, textPattern } from '../../packages/tracing/src/text-pattern.ts'

/** One reader of texts. */
export interface TextParser {
  readonly name: string
  /** Pieces of what it reads; each is also what a long text is made of. */
  readonly pieces: readonly string[]
  read(text: string): unknown
}

/** One reader of bytes. */
export interface BytesParser {
  readonly name: string
  readonly pieces: readonly Uint8Array[]
  read(bytes: Uint8Array): unknown
}

const silent = createDiagnostics({ onMessage: () => {} })
const redaction = createRedaction()
const personal = createRedaction({ preset: 'pii' })
const registry = createRegistry()
registry.counter({ name: 'fuzzed_total', help: 'Fuzzed.' }).inc()
const endpoint = { url: 'http://collector:4318/', clean: (text: string): string => redaction.text(text) }

const ID = '0af7651916cd43dd8448eb211c80319c'
const HEADER_PIECES = [
  'a=b',
  ',',
  ';',
  '=',
  ' ',
  '\t',
  '%',
  '%20',
  '%ff',
  'k@v=',
  '"',
  '\\',
  '-',
  ID,
  ID.slice(16),
]

function headers(format: string, field: string, pieces: readonly string[]): TextParser {
  const [propagator] = resolvePropagators([format as (typeof PROPAGATOR_NAMES)[number]], silent)
  if (propagator === undefined) throw new Error(`there is no ${format}`)
  const parent = { traceparent: `00-${ID}-b7ad6b7169203331-01`, 'uber-trace-id': `${ID}:1:0:1` }
  return {
    name: `${format} by ${field}`,
    pieces,
    read: (text) =>
      propagator.extract(ROOT_CONTEXT, new GetterHeaders({ ...parent, [field]: text }, carrierGetter)),
  }
}

/** The reader of all variables; `named` says which of them hold the text. */
function variables(name: string, named: (text: string) => Env, pieces: readonly string[]): TextParser {
  return {
    name,
    pieces,
    read(text) {
      const reader = new SettingReader(named(text), silent)
      return [samplerOf(reader), exporterOf({}, reader), logExporterOf({}, reader)]
    },
  }
}

export const textParsers: readonly TextParser[] = [
  headers('tracecontext', 'traceparent', ['00', '01', 'ff', '-', ID, ID.slice(16), '0', ...HEADER_PIECES]),
  headers('tracecontext', 'tracestate', HEADER_PIECES),
  headers('baggage', 'baggage', HEADER_PIECES),
  headers('b3', 'b3', ['d', '0', '1', ...HEADER_PIECES]),
  headers('b3multi', 'x-b3-traceid', HEADER_PIECES),
  headers('jaeger', 'uber-trace-id', [':', '1', '0', '%3A', ...HEADER_PIECES]),
  headers('jaeger', 'uberctx-user', HEADER_PIECES),
  headers('jaeger', 'jaeger-baggage', HEADER_PIECES),
  {
    name: 'route and text patterns',
    pieces: ['/', ':id', '*', '**', 'a', 'users', '/:a/', '*a'],
    read: (text) => [
      routePattern('/a*a*a*:id*a/b')(text),
      textPattern('*a*a*a*b')(text),
      routePattern(text)('/a/b'),
    ],
  },
  {
    name: 'hosts',
    pieces: ['.', ':', '[', ']', '::', '127', '10.', '192.168.', 'local', 'a', '%', '@', '/'],
    read: (text) => [isInternalHost(text), resolveBaggageHosts(['*.a.b', 'c'])(text)],
  },
  {
    name: 'proxy variables',
    pieces: ['http://', 'a:b@', ',', ' ', '*', '.', 'host', ':80', '[', ']', '::1', '1', ':'],
    read: (text) => [
      proxyFor('http://collector.host:4318/', { http_proxy: text }, silent),
      proxyFor('http://collector.host:4318/', { http_proxy: 'http://p', no_proxy: text }, silent),
      proxyFor(text, { http_proxy: 'http://p' }, silent),
    ],
  },
  {
    name: 'Accept',
    pieces: [
      'text/plain',
      'application/openmetrics-text',
      ';',
      ',',
      'q=',
      '0.5',
      '*/*',
      'version=',
      '1.0.0',
      '"',
      'escaping=',
    ],
    read: (text) => registry.expose({ accept: text }).contentType,
  },
  {
    name: 'exposition lint',
    pieces: [
      '# TYPE a counter\n',
      '# HELP a ',
      'a_total',
      '{',
      'b="c"',
      '}',
      ' 1\n',
      '\\',
      '"',
      ' # {',
      '# EOF',
      '\n',
      ',',
    ],
    read: (text) => lint(text),
  },
  {
    name: 'request target',
    pieces: ['/', '?', '#', '://', 'http', 'a:b@', 'host', '%', ';', '..'],
    read(text) {
      const req = { url: text } as Parameters<typeof urlOf>[0]
      return [pathOf(urlOf(req)), schemeOf(req)]
    },
  },
  {
    name: 'redaction of texts',
    pieces: [
      'Bearer ',
      'eyJhbGci',
      '.',
      'password=',
      '4111 1111 1111 1111',
      'http://',
      'a:b@',
      '-----BEGIN RSA PRIVATE KEY-----',
      '"',
      ':',
      '=',
      ' ',
      '\n',
      'A',
      '-',
      '&',
      'Basic ',
    ],
    read: (text) => [redaction.text(text), personal.text(text)],
  },
  {
    name: 'redaction of URLs',
    pieces: [
      'http://',
      '/',
      '?',
      '&',
      '=',
      '#',
      ';',
      'token',
      'a:b@',
      '%',
      '%74oken',
      '[',
      ']',
      'key=',
      '//',
    ],
    read: (text) => redaction.url(text),
  },
  {
    name: 'redaction of database text',
    pieces: ["'", '"', '$$', '--', '/*', '*/', '1', 'select ', '$a$', "''", '\\', '\n', 'E', '`', '#'],
    read: (text) => redaction.attribute('db.query.text', text),
  },
  {
    name: 'redaction of JSON in texts',
    pieces: ['{', '}', '[', ']', '"password"', ':', ',', '"a"', '1', ' ', '\\"'],
    read: (text) => redaction.fields({ message: text, [text]: text, list: [text] }),
  },
  {
    name: 'resource attributes',
    pieces: ['a=b', ',', '=', '%', '%2C', ' ', 'service.name='],
    read: (text) => createResource({ env: { OTEL_RESOURCE_ATTRIBUTES: text }, diagnostics: silent }),
  },
  variables(
    'exporter variables',
    (text) => ({
      OTEL_TRACES_EXPORTER: text,
      OTEL_EXPORTER_OTLP_ENDPOINT: text,
      OTEL_EXPORTER_OTLP_HEADERS: text,
      OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: text,
      OTEL_EXPORTER_OTLP_TIMEOUT: text,
    }),
    ['otlp', 'jaeger', ',', 'none', 'http://', 'host', ':', '4317', 'a=b', '%', '@', '[', ']', '/'],
  ),
  variables(
    'header variables',
    (text) => ({ OTEL_TRACES_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_HEADERS: text }),
    HEADER_PIECES,
  ),
  variables('sampler names', (text) => ({ OTEL_TRACES_SAMPLER: text }), [
    'parentbased_',
    'jaeger_remote',
    '_',
    'e',
  ]),
  variables(
    'sampler arguments',
    (text) => ({ OTEL_TRACES_SAMPLER: 'jaeger_remote', OTEL_TRACES_SAMPLER_ARG: text }),
    ['0.5', 'endpoint=', ',', 'http://', 'initialSamplingRate=', 'pollingIntervalMs=', '-', 'e'],
  ),
  {
    name: 'Jaeger sampling strategies',
    pieces: [
      '{',
      '}',
      '"operationSampling":',
      '"probabilisticSampling":',
      '{"samplingRate":0.5}',
      '[',
      ']',
      ',',
      '1',
      'null',
      '"perOperationStrategies":',
    ],
    read(text) {
      try {
        return parseStrategy(JSON.parse(text), systemClock)
      } catch (error) {
        // Said to be thrown: what JSON refuses, and a plain error that says what is wrong.
        if (error instanceof SyntaxError || (error as Error).constructor === Error) return undefined
        throw error
      }
    },
  },
  {
    name: 'OTLP answers in JSON',
    pieces: [
      '{',
      '}',
      '"partialSuccess":',
      '"rejectedSpans":',
      '"1"',
      '1e999',
      '"errorMessage":',
      '"\\u0000"',
      ',',
      '[',
      'null',
      '"message":',
    ],
    read: (text) => [200, 400].map((status) => readOtlpAnswer('application/json', Buffer.from(text), status)),
  },
  {
    name: 'headers of an answer',
    pieces: ['1', '9', 'Wed, 21 Oct 2015 07:28:00 GMT', '-', ' ', 'e', '.', '\u0000', 'http://a:b@c/'],
    read: (text) =>
      [302, 429, 503, Number(text)].map((status) =>
        resultOfAnswer(
          endpoint,
          status,
          { 'retry-after': text, location: text },
          { message: oneLine(text) },
          1e12,
        ),
      ),
  },
  {
    name: 'gRPC trailers',
    pieces: [
      '0',
      '8',
      '14',
      '%',
      '%0A',
      '%E2',
      'CgA=',
      'GgA',
      '-',
      '=',
      'type.googleapis.com/google.rpc.RetryInfo',
    ],
    read: (text) => [
      resultOfStatus(endpoint, { status: text, message: text, details: text }, { message: text }),
      resultOfStatus(endpoint, { status: '8', message: text, details: text }, undefined),
    ],
  },
]

const RETRY_TYPE = Buffer.from('\u001a\u0010\n\u0008/google.rpc.RetryInfo\u0012\u0004')
const BYTE_PIECES = [
  Uint8Array.of(0x08, 0x96, 0x01),
  Uint8Array.of(0x0a, 0x03, 0x61, 0x62, 0x63),
  Uint8Array.of(0x12, 0x02, 0xff, 0xfe),
  Uint8Array.of(0x0a, 0x04, 0x08, 0x05, 0x12, 0x00),
  Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01),
  Uint8Array.of(0x0d, 1, 2, 3, 4),
  Uint8Array.of(0x09, 1, 2, 3, 4, 5, 6, 7, 8),
  Uint8Array.of(0x0b, 0x0c),
  RETRY_TYPE,
]

export const bytesParsers: readonly BytesParser[] = [
  {
    name: 'OTLP answers',
    pieces: BYTE_PIECES,
    read: (bytes) =>
      ['application/x-protobuf', 'application/json', 'text/html', ''].map((type) =>
        [200, 400].map((status) => readOtlpAnswer(type, bytes, status)),
      ),
  },
  {
    name: 'gRPC details',
    pieces: BYTE_PIECES,
    read: (bytes) =>
      resultOfStatus(
        endpoint,
        { status: '8', message: undefined, details: Buffer.from(bytes).toString('base64') },
        undefined,
      ),
  },
  {
    name: 'protobuf',
    pieces: BYTE_PIECES,
    read(bytes) {
      try {
        const reader = new ProtobufReader(bytes)
        while (reader.next() !== 0) {
          if (reader.hasLength) reader.string()
          else if (reader.isVarint) reader.int()
          else reader.skip()
        }
      } catch (error) {
        // Said to be thrown.
        if (!(error instanceof RangeError)) throw error
      }
    },
  },
  {
    name: 'headers as bytes',
    pieces: HEADER_PIECES.map((piece) => Buffer.from(piece)),
    read(bytes) {
      for (const format of resolvePropagators(PROPAGATOR_NAMES, silent)) {
        for (const field of format.fields) {
          format.extract(ROOT_CONTEXT, new GetterHeaders({ [field]: bytes }, carrierGetter))
          format.extract(ROOT_CONTEXT, new GetterHeaders([[field, [bytes, bytes]]], carrierGetter))
        }
      }
    },
  },
]
