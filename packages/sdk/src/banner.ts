/**
 * What is said once, at start: a short block on a developer's terminal, one structured line elsewhere, nothing under a
 * test runner. It goes to stderr or to the log, never to the app's own stdout.
 */
import { SDK_VERSION } from '@triscope/core'
import type { Logger } from 'pino'

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

/** Says it. `terminal` is where a developer reads; without one it goes to the log. */
export function sayBanner(
  facts: Facts,
  terminal: { write(text: string): unknown } | undefined,
  logger: Logger,
): void {
  if (terminal !== undefined) {
    terminal.write(bannerText(facts))
    return
  }
  logger.info(
    {
      service: facts.service,
      environment: facts.environment,
      metrics: facts.metrics,
      traces: facts.traces,
      ...(facts.notices.length === 0 ? {} : { notices: facts.notices }),
    },
    'triscope started',
  )
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
