/** The rows of the settings at the top, of health and of shutdown. */
import type { HealthOptions, ShutdownOptions, TriscopeOptions } from './options.ts'
import {
  FLAG,
  FUNCTION,
  given,
  hasMethods,
  integer,
  isPlain,
  OBJECT,
  PATH,
  SECTION,
  type Setting,
  secret,
  setting,
  TEXT,
} from './setting-kinds.ts'

/** What they are called. */
export type GeneralPath =
  | keyof TriscopeOptions
  | `health.${keyof HealthOptions}`
  | 'health.paths.live'
  | 'health.paths.ready'
  | `shutdown.${keyof ShutdownOptions}`

export const GENERAL_SETTINGS: Record<GeneralPath, Setting> = {
  service: setting(
    TEXT,
    'the name in package.json',
    '`service.name` of everything that is recorded.',
    'OTEL_SERVICE_NAME',
    'OTEL_RESOURCE_ATTRIBUTES',
  ),
  version: setting(TEXT, 'the version in package.json', '`service.version`.', 'OTEL_RESOURCE_ATTRIBUTES'),
  environment: setting(
    TEXT,
    'development',
    '`deployment.environment.name`. Called `production` or `prod`, what suits development only is off.',
    'OTEL_RESOURCE_ATTRIBUTES',
    'NODE_ENV',
  ),
  resource: setting(
    OBJECT,
    'none',
    'Further resource attributes, on every span and in `target_info`.',
    'OTEL_RESOURCE_ATTRIBUTES',
  ),
  enabled: setting(
    FLAG,
    'true',
    '`false` switches all telemetry off; health checks stay. `OTEL_SDK_DISABLED=true` wins over code.',
    'OTEL_SDK_DISABLED',
  ),
  ignore: setting(
    given('a list of paths and patterns, or a function of method and path', isIgnore),
    '/metrics, /livez, /readyz, /healthz, /favicon.ico',
    'Requests that leave no telemetry: paths, patterns, or a function of method and path.',
  ),
  route: setting(
    FUNCTION,
    'what the framework says',
    'The route of a request, over what the framework says.',
  ),
  trustProxy: setting(
    { takes: 'false, a number of proxies, or a list of addresses, networks, `loopback` and `private`' },
    'false',
    'The proxies that are believed when they say who asked; or `{ proxies, header }`.',
  ),
  requestId: setting(
    SECTION,
    "{ header: 'x-request-id', response: false }",
    'The header that names a request, and whether the answer has it; `false` reads none.',
  ),
  redact: setting(
    OBJECT,
    'credentials, cookies, tokens, private keys, card numbers',
    'What must never leave the process: `keys`, `paths`, `patterns`, `preset`, `strict`, `replace`.',
  ),
  metrics: setting(SECTION, 'on', '`false` switches the signal off.'),
  tracing: setting(SECTION, 'on', '`false` switches the signal off.'),
  logging: setting(SECTION, 'on', '`false` switches the signal off; `req.log` stays, and is silent.'),
  health: setting(SECTION, 'on', '`false` serves no `/livez` and `/readyz`.'),
  shutdown: setting(OBJECT, 'as below', 'How long the steps of an end by a signal may take.'),
  onError: setting(
    FUNCTION,
    'none',
    'Hears of each error that the app or its framework reports, with its request and its user.',
  ),
  onWarning: setting(
    FUNCTION,
    'the log',
    'Hears of each warning, which is then not written to the log; at most once a minute for each code.',
  ),
  flushAtExit: setting(
    FLAG,
    'true',
    '`false` watches neither signals nor the end of the event loop: ending well is then all the app’s.',
  ),
  banner: setting(FLAG, 'true, but not under a test runner', 'The lines at start.'),
  context: setting(
    given('a context storage, of createClsStorage() or bridgeToCls()', (value) =>
      hasMethods(value, 'active', 'run', 'with', 'bind'),
    ),
    'one AsyncLocalStorage',
    'What carries the active span through the app, where that depends on cls-hooked.',
  ),
  clock: setting(OBJECT, "the machine's clock", 'Where the time is read and timers are set; for tests.'),
  env: secret(OBJECT, 'process.env', 'The environment variables to read.'),
  'health.checks': setting(
    given(
      'an object of functions by name',
      (value) => isPlain(value) && Object.values(value).every((check) => typeof check === 'function'),
    ),
    'none: ready until the process drains',
    'What must hold for the service to be ready, by name. A check that throws, rejects, is late or returns `false` fails.',
  ),
  'health.timeoutMs': setting(integer(1, 60_000), '1000', 'Milliseconds for one check; later it has failed.'),
  'health.cacheMs': setting(
    integer(0, 3_600_000),
    '1000',
    'Milliseconds for which an answer of a check is used again; however many ask, a check runs once.',
  ),
  'health.paths': setting(OBJECT, 'as below', 'Where the two are served.'),
  'health.paths.live': setting(PATH, '/livez', 'Answers 200 for as long as the process answers at all.'),
  'health.paths.ready': setting(PATH, '/readyz', 'Answers 200 where every check holds, else 503.'),
  'shutdown.delayMs': setting(
    integer(0, 300_000),
    '0',
    'Milliseconds between "not ready" and the end of accepting: what a load balancer needs to notice.',
  ),
  'shutdown.requestsMs': setting(
    integer(0, 600_000),
    '10000',
    'Milliseconds that requests in flight have to finish before they are left.',
  ),
  'shutdown.flushMs': setting(
    integer(0, 60_000),
    '5000',
    'Milliseconds in which what is queued is sent, whatever the collector does; the rest is counted as lost.',
  ),
}

function isIgnore(value: unknown): boolean {
  return (
    typeof value === 'function' ||
    (Array.isArray(value) && value.every((entry) => typeof entry === 'string' || entry instanceof RegExp))
  )
}
