/** The rows of the settings of exporters: OTLP for each signal, Jaeger, Zipkin. */
import {
  given,
  integer,
  type Kind,
  OBJECT,
  oneOf,
  type Setting,
  secret,
  setting,
  TEXT,
} from './setting-kinds.ts'

/** What was named for one OTLP endpoint, whatever the signal. */
type OtlpName =
  | 'endpoint'
  | 'protocol'
  | 'headers'
  | 'compression'
  | 'timeoutMs'
  | `tls${'' | '.ca' | '.cert' | '.key'}`

/** Where the settings of a signal's OTLP endpoint stand. */
export type OtlpPlace = 'tracing' | 'logging.otlp'

type JaegerName = 'transport' | 'url' | 'host' | 'port' | 'user' | 'password' | 'timeoutMs'

/** What they are called. */
export type ExporterPath =
  | `${OtlpPlace}.${OtlpName}`
  | `${OtlpPlace}.${'endpoint.own' | 'insecure'}`
  | `tracing.exporter.jaeger.${JaegerName}`
  | `tracing.exporter.zipkin.${'url' | 'timeoutMs'}`

const TIMEOUT: Kind = integer(1, 3_600_000)
/** Variables hold the paths of PEM files, code the PEM itself. */
const PEM: Kind = given('the text of a PEM file')

const JAEGER = 'tracing.exporter.jaeger'
const ZIPKIN = 'tracing.exporter.zipkin'

export const EXPORTER_SETTINGS: Record<ExporterPath, Setting> = {
  ...otlpSettings('tracing', 'TRACES', 'none: spans are made, joined and not sent'),
  ...otlpSettings('logging.otlp', 'LOGS', 'http://localhost:4318, once `logging.otlp` is on'),
  [`${JAEGER}.transport`]: setting(
    given('"udp-compact", "udp-binary" or "http"'),
    'udp-compact',
    'How Jaeger is spoken to; the variable says `udp/thrift.compact`, `udp/thrift.binary` or `http/thrift.binary`.',
    'OTEL_EXPORTER_JAEGER_PROTOCOL',
  ),
  [`${JAEGER}.url`]: setting(
    TEXT,
    'http://localhost:14268/api/traces',
    "The collector's address, over HTTP; naming it chooses HTTP.",
    'OTEL_EXPORTER_JAEGER_ENDPOINT',
  ),
  [`${JAEGER}.host`]: setting(TEXT, 'localhost', "The agent's host.", 'OTEL_EXPORTER_JAEGER_AGENT_HOST'),
  [`${JAEGER}.port`]: setting(
    integer(1, 65_535),
    '6831, or 6832 for udp-binary',
    "The agent's port.",
    'OTEL_EXPORTER_JAEGER_AGENT_PORT',
  ),
  [`${JAEGER}.user`]: setting(
    TEXT,
    'none',
    'User of HTTP basic authentication.',
    'OTEL_EXPORTER_JAEGER_USER',
  ),
  [`${JAEGER}.password`]: secret(TEXT, 'none', 'Its password.', 'OTEL_EXPORTER_JAEGER_PASSWORD'),
  [`${JAEGER}.timeoutMs`]: setting(
    TIMEOUT,
    '10000',
    'Milliseconds for one attempt over HTTP.',
    'OTEL_EXPORTER_JAEGER_TIMEOUT',
  ),
  [`${ZIPKIN}.url`]: setting(
    TEXT,
    'http://localhost:9411/api/v2/spans',
    'The whole address.',
    'OTEL_EXPORTER_ZIPKIN_ENDPOINT',
  ),
  [`${ZIPKIN}.timeoutMs`]: setting(
    TIMEOUT,
    '10000',
    'Milliseconds for one attempt.',
    'OTEL_EXPORTER_ZIPKIN_TIMEOUT',
  ),
}

function otlpSettings<P extends OtlpPlace>(
  place: P,
  signal: 'TRACES' | 'LOGS',
  noEndpoint: string,
): Record<Extract<ExporterPath, `${P}.${OtlpName | 'endpoint.own' | 'insecure'}`>, Setting> {
  /** The form for the signal wins over the general one. */
  const both = (name: string): string[] => [
    `OTEL_EXPORTER_OTLP_${signal}_${name}`,
    `OTEL_EXPORTER_OTLP_${name}`,
  ]
  const path = signal.toLowerCase()
  const rows = {
    endpoint: setting(
      TEXT,
      noEndpoint,
      `An OTLP endpoint; \`/v1/${path}\` is added, but not over gRPC.`,
      'OTEL_EXPORTER_OTLP_ENDPOINT',
    ),
    'endpoint.own': setting(
      given('a variable'),
      'none',
      'The same with its path, taken as it is; it wins over the general one.',
      `OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`,
    ),
    insecure: setting(
      given('a variable'),
      'false',
      '`true`: an endpoint of gRPC without a scheme, `host:port`, is spoken to without TLS.',
      ...both('INSECURE'),
    ),
    protocol: setting(
      oneOf('http/protobuf', 'http/json', 'grpc'),
      'http/protobuf',
      signal === 'LOGS'
        ? 'Log records go by http/protobuf alone; anything else is told.'
        : 'How spans are said and carried.',
      ...both('PROTOCOL'),
    ),
    headers: secret(
      OBJECT,
      'none',
      'Sent with each request; the variable is `name=value,name=value`, percent-encoded.',
      ...both('HEADERS'),
    ),
    compression: setting(oneOf('gzip', 'none'), 'none', 'Of what is sent.', ...both('COMPRESSION')),
    timeoutMs: setting(TIMEOUT, '10000', 'Milliseconds for one attempt.', ...both('TIMEOUT')),
    tls: secret(OBJECT, "Node's", 'Certificates for `https:`.'),
    'tls.ca': setting(PEM, "Node's", 'Who is trusted.', ...both('CERTIFICATE')),
    'tls.cert': setting(PEM, 'none', 'Our own certificate.', ...both('CLIENT_CERTIFICATE')),
    'tls.key': secret(PEM, 'none', 'Its key.', ...both('CLIENT_KEY')),
  } satisfies Record<OtlpName | 'endpoint.own' | 'insecure', Setting>
  const named = Object.entries(rows).map(([name, row]) => [`${place}.${name}`, row])
  return Object.fromEntries(named) as ReturnType<typeof otlpSettings<P>>
}
