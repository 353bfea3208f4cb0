/** The rows of the settings of metrics. */
import type { RuntimeMetricsOptions } from '@triscope/metrics'
import type { MetricsOptions } from './options.ts'
import {
  COUNT,
  FLAG,
  FUNCTION,
  given,
  hasMethods,
  integer,
  isPlain,
  oneOf,
  PATH_OR_NOT,
  type Setting,
  secret,
  setting,
  TEXT,
} from './setting-kinds.ts'

/** What they are called. */
export type MetricsPath = `metrics.${keyof MetricsOptions}` | `metrics.runtime.${keyof RuntimeMetricsOptions}`

/** What guards the metrics must not be guessed. */
const MIN_TOKEN_LENGTH = 16

export const METRICS_SETTINGS: Record<MetricsPath, Setting> = {
  'metrics.path': setting(
    PATH_OR_NOT,
    '/metrics',
    'Where metrics are served, on the app or on `metrics.port`; `false`: not on the app.',
  ),
  'metrics.port': setting(
    integer(0, 65_535),
    'none: on the app',
    'A listener of its own for metrics and health; then the app serves neither. 0 takes any free port.',
    'OTEL_EXPORTER_PROMETHEUS_PORT',
  ),
  'metrics.host': setting(
    TEXT,
    '127.0.0.1',
    'The address that `metrics.port` listens on.',
    'OTEL_EXPORTER_PROMETHEUS_HOST',
  ),
  'metrics.public': setting(
    FLAG,
    'false in production without a guard, else true',
    'Whether requests that came through a proxy are answered; those that are not get 404.',
  ),
  'metrics.token': secret(
    given(
      `${MIN_TOKEN_LENGTH} characters or more, without spaces`,
      (value) => typeof value === 'string' && value.length >= MIN_TOKEN_LENGTH && !/\s/.test(value),
    ),
    'none',
    'A scrape must bring it as `Authorization: Bearer …`; without it the answer is 401.',
    'TRISCOPE_METRICS_TOKEN',
  ),
  'metrics.allow': setting(
    FUNCTION,
    'none',
    'Asked for each scrape; what is not `true`, or a promise of it, gets 403.',
  ),
  'metrics.buckets': setting(
    given('an array of numbers that increase', Array.isArray),
    '5 ms to 10 s, the 14 of the HTTP conventions',
    'Bounds of the request histograms, in seconds.',
  ),
  'metrics.bodySizes': setting(FLAG, 'false', 'Sizes of bodies, as histograms and on the server span.'),
  'metrics.maxSeries': setting(
    COUNT,
    '2000',
    'Label sets kept for each instrument before they fold into one overflow series.',
  ),
  'metrics.maxTotalSeries': setting(
    COUNT,
    'ten times metrics.maxSeries',
    'Label sets kept in all instruments together before new ones fold.',
  ),
  'metrics.exemplars': setting(
    FLAG,
    'true',
    'Whether counters and buckets name a trace. Of the variable, `always_off` means `false`.',
    'OTEL_METRICS_EXEMPLAR_FILTER',
  ),
  'metrics.runtime': setting(
    given('true, false, or an object of options', (value) => typeof value === 'boolean' || isPlain(value)),
    'true',
    'Metrics of the process, the event loop, the heap and the garbage collector.',
  ),
  'metrics.runtime.naming': setting(
    oneOf('prom-client', 'semconv'),
    'prom-client',
    'Whose names the runtime metrics have.',
  ),
  'metrics.lint': setting(
    oneOf('throw', 'warn', 'off'),
    'throw where the environment says development, else warn',
    'What happens to an instrument that breaks the conventions: see [lint](lint.md).',
  ),
  'metrics.promClient': setting(
    given("prom-client's register, or a list of registries", (value) =>
      (Array.isArray(value) ? value : [value]).every((each) => hasMethods(each, 'getMetricsAsArray')),
    ),
    'none',
    'Registries of prom-client that are served with ours.',
  ),
  'metrics.registry': setting(
    given('a registry of createRegistry()', (value) => hasMethods(value, 'expose', 'configure')),
    "the process's own",
    'The registry to use.',
  ),
}
