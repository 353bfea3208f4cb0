/**
 * Every setting, in one table: the checks of options, the reading of variables, `telemetry.describe()` and
 * docs/configuration.md are made from it.
 *
 * Invariant: an option that has no row does not compile, and of OpenTelemetry's variables those in a row are read and
 * no others.
 */
import type { Setting } from './setting-kinds.ts'
import { EXPORTER_SETTINGS, type ExporterPath } from './settings-exporters.ts'
import { GENERAL_SETTINGS, type GeneralPath } from './settings-general.ts'
import { LOGGING_SETTINGS, type LoggingPath } from './settings-logging.ts'
import { METRICS_SETTINGS, type MetricsPath } from './settings-metrics.ts'
import { TRACING_SETTINGS, type TracingPath } from './settings-tracing.ts'

/** Where a setting stands in the options: `metrics.port`. */
export type SettingPath = ExporterPath | GeneralPath | LoggingPath | MetricsPath | TracingPath

export const SETTINGS: Readonly<Record<SettingPath, Setting>> = {
  ...GENERAL_SETTINGS,
  ...METRICS_SETTINGS,
  ...TRACING_SETTINGS,
  ...LOGGING_SETTINGS,
  ...EXPORTER_SETTINGS,
}

/** All paths, those of one part together. */
export const SETTING_PATHS: readonly SettingPath[] = Object.keys(SETTINGS) as SettingPath[]

/** The names directly below `path`; `''` for the top. */
export function namesBelow(path: string): string[] {
  const prefix = path === '' ? '' : `${path}.`
  return SETTING_PATHS.filter((each) => each.startsWith(prefix))
    .map((each) => each.slice(prefix.length))
    .filter((name) => name !== '' && !name.includes('.'))
}

/** Variables that no option stands for. */
export const OTHER_VARIABLES: readonly { readonly names: readonly string[]; readonly says: string }[] = [
  {
    names: ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY', 'NO_PROXY'],
    says: 'The proxy of every exporter over HTTP, in capitals or small letters.',
  },
  {
    names: ['GOOGLE_CLOUD_PROJECT'],
    says: 'The project that trace ids belong to, with `logging.format: "gcp"`.',
  },
  { names: ['NO_COLOR'], says: 'Set to anything, lines for people have no colours.' },
  {
    names: ['VITEST', 'JEST_WORKER_ID', 'NODE_TEST_CONTEXT'],
    says: 'Set by test runners, under which nothing is printed; so does `NODE_ENV=test`.',
  },
]
