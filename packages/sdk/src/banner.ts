/**
 * What is said once, at start: a short block on a developer's terminal, one structured line elsewhere, nothing under a
 * test runner. The block goes to stderr, the line to the log.
 */
import { type Resource, SDK_VERSION } from '@triscope/core'
import type { Logger } from '@triscope/logging'
import type { Configuration } from './configuration.ts'

/** What there is to say. */
export interface Facts {
  service: string
  version: string | undefined
  environment: string
  /** Where the metrics are, or why they are nowhere. */
  metrics: string
  /** Where the spans go, or what to set so that they go somewhere. */
  traces: string
  /** What was noticed while starting: wrong variables, two copies of the API. */
  notices: readonly string[]
}

/** Puts the facts together, but for the address of a listener of its own, which is known once it listens. */
export function factsOf(
  configuration: Configuration,
  { attributes }: Resource,
  notices: readonly string[],
): (metricsUrl: string | undefined) => Facts {
  const version = attributes['service.version']
  return (metricsUrl) => ({
    service: String(attributes['service.name']),
    version: version === undefined ? undefined : String(version),
    environment: configuration.environment,
    metrics: metricsFact(configuration, metricsUrl),
    traces: tracesFact(configuration),
    notices,
  })
}

/** Says it. `terminal` is where a developer reads; without one it goes to the log, as a warning where there are notices. */
export function sayBanner(
  facts: Facts,
  terminal: { write(text: string): unknown } | undefined,
  logger: Logger,
): void {
  if (terminal !== undefined) {
    terminal.write(bannerText(facts))
    return
  }
  const { notices, environment, metrics, traces } = facts
  const fields = { environment, metrics, traces }
  if (notices.length === 0) logger.info(fields, 'triscope started')
  else logger.warn({ ...fields, notices }, 'triscope started')
}

/** The block for a terminal. */
export function bannerText(facts: Facts): string {
  const service = facts.version === undefined ? facts.service : `${facts.service} ${facts.version}`
  const lines = [
    `  triscope ${SDK_VERSION}   ${service}   ${facts.environment}   pid ${process.pid}`,
    `  metrics     ${facts.metrics}`,
    `  traces      ${facts.traces}`,
    ...facts.notices.map((notice) => `  ! ${notice}`),
  ]
  return `\n${lines.join('\n')}\n\n`
}

function metricsFact({ enabled, metrics }: Configuration, url: string | undefined): string {
  if (!enabled || metrics === undefined) return 'off'
  const { listener, path } = metrics.place
  if (listener !== undefined) return url ?? `http://${listener.host}:${listener.port}${listener.path}`
  return path === undefined ? 'not served (metrics.path is false)' : `GET ${path} on this app`
}

function tracesFact({ enabled, tracing }: Configuration): string {
  if (!enabled || tracing === undefined) return 'off'
  return tracing.goesTo ?? 'in log lines and exemplars; set OTEL_EXPORTER_OTLP_ENDPOINT to export spans'
}
