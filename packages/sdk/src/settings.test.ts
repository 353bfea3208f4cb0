import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createDiagnostics, createResource } from '@triscope/core'
import { describe, expect, it } from 'vitest'
import { resolveConfiguration } from './configuration.ts'
import { checkOptions } from './option-checks.ts'
import type { TriscopeOptions } from './options.ts'
import { describeSettings } from './setting-report.ts'
import { OTHER_VARIABLES, SETTING_PATHS, SETTINGS, type SettingPath } from './settings.ts'

/** `npm run docs` writes the page; everywhere else it is compared with what stands there. */
const PAGE = '../../../docs/configuration.md'

const PARTS: readonly [string, RegExp][] = [
  ['General', /^[^.]+$/],
  ['Metrics', /^metrics\./],
  ['Tracing', /^tracing\.(?!exporter\.)/],
  ['Exporters', /^tracing\.exporter\./],
  ['Logging', /^logging\./],
  ['Health', /^health\./],
  ['Shutdown', /^shutdown\./],
]

describe('docs/configuration.md', () => {
  it('is what the table of settings makes', async () => {
    await expect(page()).toMatchFileSnapshot(PAGE)
  })

  it('has every row once', () => {
    for (const path of SETTING_PATHS) {
      expect(PARTS.filter(([, pattern]) => pattern.test(path)).length, path).toBe(1)
    }
  })

  it('names every variable that the sources read', () => {
    const known = new Set([
      ...SETTING_PATHS.flatMap((path) => SETTINGS[path].variables),
      ...OTHER_VARIABLES.flatMap(({ names }) => names),
    ])
    const unknown = sources().flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/'((?:OTEL|TRISCOPE)_[A-Z_]*[A-Z])'/g)]
        .map((match) => match[1] ?? '')
        .filter((name) => !known.has(name)),
    )
    expect(unknown).toEqual([])
  })
})

describe('telemetry.describe()', () => {
  it('shows each value in force with its source', () => {
    const options = {
      service: 'checkout',
      metrics: { maxSeries: 10, allow: () => true },
      tracing: { sampler: 0.5 },
    }
    const env = {
      OTEL_SERVICE_NAME: 'other',
      OTEL_EXPORTER_PROMETHEUS_PORT: '9464',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://u:s3cret@c:4318',
      OTEL_EXPORTER_OTLP_TIMEOUT: '77',
      OTEL_BSP_SCHEDULE_DELAY: 'soon',
      OTEL_RESOURCE_ATTRIBUTES: 'service.version=1.2.3',
      NODE_ENV: 'production',
      LOG_LEVEL: '',
    }
    const at = describedBy(options, env)
    expect(at('service')).toEqual(['checkout', 'code'])
    expect(at('version')).toEqual(['1.2.3', 'OTEL_RESOURCE_ATTRIBUTES'])
    expect(at('environment')).toEqual(['production', 'NODE_ENV'])
    expect(at('metrics.port')).toEqual([9464, 'OTEL_EXPORTER_PROMETHEUS_PORT'])
    expect(at('metrics.maxSeries')).toEqual([10, 'code'])
    expect(at('metrics.allow')).toEqual(['a function', 'code'])
    expect(at('metrics.host')).toEqual(['127.0.0.1', 'default'])
    expect(at('metrics.lint')).toEqual(['warn', 'default'])
    expect(at('tracing.sampler')).toEqual([0.5, 'code'])
    expect(at('tracing.timeoutMs')).toEqual([77, 'OTEL_EXPORTER_OTLP_TIMEOUT'])
    expect(at('tracing.batch.delayMs')).toEqual(['5000', 'default'])
    expect(at('tracing.endpoint')[1]).toBe('OTEL_EXPORTER_OTLP_ENDPOINT')
    expect(at('logging.level')).toEqual(['info', 'default'])
  })

  it('shows that OTEL_SDK_DISABLED wins over code', () => {
    const at = describedBy({ enabled: true }, { OTEL_SDK_DISABLED: 'true' })
    expect(at('enabled')).toEqual([false, 'OTEL_SDK_DISABLED'])
    expect(describedBy({ enabled: true }, { OTEL_SDK_DISABLED: 'false' })('enabled')).toEqual([true, 'code'])
  })

  it('shows no secret, wherever it was given', () => {
    const env = {
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=s3cret',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://user:s3cret@c:4318/?api_key=s3cret',
      OTEL_TRACES_EXPORTER: 'otlp,jaeger',
      OTEL_EXPORTER_JAEGER_PASSWORD: 's3cret',
      TRISCOPE_METRICS_TOKEN: 's3cret-s3cret-s3cret',
    }
    const options: TriscopeOptions = {
      env,
      tracing: { headers: { 'x-key': 's3cret' } },
      metrics: { token: 's3cret-s3cret-s3cret' },
    }
    for (const given of [{}, options]) {
      expect(JSON.stringify(describe_(given, env))).not.toContain('s3cret')
    }
    expect(describedBy({}, env)('metrics.token')).toEqual(['(set, not shown)', 'TRISCOPE_METRICS_TOKEN'])
    expect(describedBy(options, env)('tracing.headers')).toEqual(['(set, not shown)', 'code'])
  })
})

describe('checks made from the table', () => {
  it.each<[object, string]>([
    [
      { metrics: { lint: 'thorw' } },
      'metrics.lint: expected "throw", "warn" or "off", got "thorw"\n  hint: did you mean "throw"?',
    ],
    [{ metrics: { maxSeries: 0 } }, 'metrics.maxSeries: expected a whole number of 1 or more, got 0'],
    [
      { metrics: { runtime: { nameing: 'semconv' } } },
      'unknown option "metrics.runtime.nameing"\n  hint: did you mean "naming"?',
    ],
    [{ health: { check: {} } }, 'unknown option "health.check"\n  hint: did you mean "checks"?'],
    [
      { health: { checks: () => {} } },
      'health.checks: expected an object of functions by name, got a function\n  hint: name it: checks: { db: … }',
    ],
    [
      { health: { paths: { ready: 'readyz' } } },
      'health.paths.ready: expected a path that begins with "/", got "readyz"',
    ],
    [{ shutdown: { delayMs: -1 } }, 'shutdown.delayMs: expected a whole number from 0 to 300000, got -1'],
    [
      { tracing: { protocol: 'grcp' } },
      'tracing.protocol: expected "http/protobuf", "http/json" or "grpc", got "grcp"\n  hint: did you mean "grpc"?',
    ],
    [{ tracing: { timeoutMs: 0 } }, 'tracing.timeoutMs: expected a whole number from 1 to 3600000, got 0'],
    [
      { tracing: { captureHeaders: { requests: [] } } },
      'tracing.captureHeaders: expected an object of lists of header names, request and response, got an object',
    ],
    [
      { tracing: { captureQuery: 'page' } },
      'tracing.captureQuery: expected true, false, or a list of names, got "page"',
    ],
    [
      { tracing: { exposeTrace: true } },
      'tracing.exposeTrace: expected false, "traceresponse" or "server-timing", got true',
    ],
    [{ logging: { env: {} } }, 'unknown option "logging.env"'],
  ])('throws for %j', (options, message) => {
    expect(() => checkOptions(options as TriscopeOptions)).toThrow(message)
  })

  it('does not show a secret that does not fit', () => {
    const options = { metrics: { token: 's3cret' } }
    expect(() => checkOptions(options)).toThrow(
      'metrics.token: expected 16 characters or more, without spaces; what it got is not shown',
    )
    const said: string[] = []
    const diagnostics = createDiagnostics({ onMessage: ({ message }) => said.push(message) })
    const { metrics } = resolveConfiguration(
      {},
      { TRISCOPE_METRICS_TOKEN: 's3cret' },
      diagnostics,
      createResource(),
    )
    expect(metrics?.place.guard.token).toBe('s3cret')
    expect(said).toEqual([
      'TRISCOPE_METRICS_TOKEN: expected 16 characters or more, without spaces; it is used, but it can be guessed or not be sent',
    ])
  })

  it('takes an empty variable for one that is not set, whatever it would set', () => {
    const names = SETTING_PATHS.flatMap((path) => SETTINGS[path].variables)
    const said: string[] = []
    const diagnostics = createDiagnostics({ onMessage: ({ message }) => said.push(message) })
    const env = Object.fromEntries(names.map((name, index) => [name, index % 2 === 0 ? '' : '  ']))
    const empty = resolveConfiguration({}, env, diagnostics, createResource({ env }))
    const none = resolveConfiguration({}, {}, diagnostics, createResource())
    expect({ ...empty, read: undefined }).toEqual({ ...none, read: undefined })
    expect(said).toEqual([])
  })
})

function describe_(options: TriscopeOptions, env: Record<string, string>) {
  const diagnostics = createDiagnostics({ onMessage: () => {} })
  const { service, version, environment } = options
  const given = Object.fromEntries(
    Object.entries({ service, version, environment }).filter(([, v]) => v !== undefined),
  )
  const resource = createResource({ ...given, env })
  return describeSettings(options, resolveConfiguration(options, env, diagnostics, resource), resource)
}

function describedBy(options: TriscopeOptions, env: Record<string, string>) {
  const all = describe_(options, env)
  return (path: SettingPath) => {
    const found = all.find((each) => each.path === path)
    return [found?.value, found?.source]
  }
}

function sources(): string[] {
  const packages = new URL('../../', import.meta.url)
  return readdirSync(packages)
    .map((name) => new URL(`${name}/src/`, packages))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true }).map((file) => new URL(String(file), folder).pathname),
    )
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !file.endsWith('.fixture.ts'))
}

function page(): string {
  const tables = PARTS.flatMap(([title, pattern]) => [
    `## ${title}\n`,
    '| setting | what it is for | default | variables | takes |',
    '| --- | --- | --- | --- | --- |',
    ...SETTING_PATHS.filter((path) => pattern.test(path)).map(rowOf),
    '',
  ])
  const others = OTHER_VARIABLES.map(({ names, says }) => `| ${names.map(code).join(', ')} | ${says} |`)
  return [
    '# Configuration\n',
    'Every setting, its default and its variables. The page is made from the table in `packages/sdk/src/settings.ts` by',
    '`npm run docs`; the same table checks options and reads variables, so nothing else exists.\n',
    '- Options go to `triscope(options)` of Express, Fastify and `node:http`, and to `createTelemetry(options)`; a setting',
    '  called `metrics.port` is `{ metrics: { port: 9464 } }`. Settings that end in `endpoint.own`, `insecure` or',
    '  `sampler.argument` are variables alone.',
    '- Code wins over environment, environment over default; only `OTEL_SDK_DISABLED=true` wins over code. Of several',
    '  variables the first that is set counts. A variable that is empty is not set.',
    '- A wrong option throws at start ([errors](errors.md)). A wrong variable is told once, as `TRI_WARN_ENV`, and the',
    '  default is in force.',
    '- `telemetry.describe()` lists each setting with the value in force and its source: `code`, the name of a variable,',
    '  or `default`. Settings marked *secret* are never shown, there or in an error.\n',
    ...tables,
    '## Variables without an option\n',
    '| variables | what they do |',
    '| --- | --- |',
    ...others,
    '',
  ].join('\n')
}

function rowOf(path: SettingPath): string {
  const { byDefault, says, secret, takes, variables } = SETTINGS[path]
  const cells = [
    code(path),
    `${says}${secret ? ' *Secret.*' : ''}`,
    byDefault,
    variables.map(code).join(', '),
    takes,
  ]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function code(text: string): string {
  return `\`${text}\``
}
