/**
 * The house as data: which room stands on which level, and what a level may hold. `check-layers` knows no room
 * by name but through this file.
 */

/** Level of each room; an import must point to a lower one. */
export const levels = new Map([
  ['core', 0],
  ['delivery', 1],
  ['metrics', 2],
  ['tracing', 2],
  ['logging', 2],
  ['dashboard', 3],
  ['prom-client', 3],
  ['sdk', 4],
  // Stands beside the adapters, and like them sees the sdk and everything below it.
  ['testing', 5],
  ['express', 5],
  ['fastify', 5],
  ['http', 5],
  ['register', 6],
  ['cli', 6],
])

/** For tests alone: no package names it as a dependency, no source that is shipped imports it. */
export const testRoom = 'testing'

/** Rooms that may do something when they are imported. */
export const roomsThatStart = new Set(['register'])

/** The one file that reads the environment. */
export const environmentReader = 'packages/sdk/src/env.ts'

/** An adapter translates one framework and knows nothing of telemetry. */
export const adapters = new Set(['express', 'fastify', 'http'])
export const notForAdapters =
  /^(pino|prom-client|@prometheus-io\/client|@opentelemetry\/(sdk-|resources|core))/

/** Trees at the root that nothing imports. */
export const leaves = ['examples', 'bench']

/** Room of `@triscope/<room>`; the command line is published as `triscope`. */
export function roomOf(packageName) {
  if (packageName === 'triscope') return 'cli'
  return packageName.startsWith('@triscope/') ? packageName.slice('@triscope/'.length) : undefined
}
