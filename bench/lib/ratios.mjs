/** The ratios that matter, and what they have to be: added CPU of one row over added CPU of another, round by round. */
import { ratios, summary } from './statistics.mjs'

/**
 * `target` by framework: what must hold now. `goal`: where it is to go. Both are shares of what the row `theirs` adds
 * to bare, everything sampled. `beyond`: the row that ours is held against in place of bare.
 */
export const comparisons = [
  {
    ours: 'triscope',
    theirs: 'usual',
    label: 'everything on, over the usual assembly',
    target: { fastify: 0.2, express: 0.15 },
    goal: { fastify: 0.1, express: 0.07 },
  },
  {
    ours: 'triscope',
    theirs: 'usual',
    beyond: 'shaped',
    label: 'the same, but ours beyond the bare request whose fields are set in time',
  },
  {
    ours: 'triscope',
    theirs: 'lean',
    label: 'everything on, over its leanest form',
    goal: { fastify: 0.18, express: 0.13 },
  },
  {
    ours: 'triscope-metrics',
    theirs: 'metrics',
    label: 'metrics alone, over its metrics',
    target: { fastify: 0.15 },
    goal: { fastify: 0.1 },
  },
  {
    ours: 'triscope-logging',
    theirs: 'log',
    label: 'logging alone, over its log',
    goal: { fastify: 0.35, express: 0.15 },
  },
  { ours: 'triscope-tracing', theirs: 'otel', label: 'tracing alone, over OpenTelemetry alone' },
  { ours: 'triscope-tracing', theirs: 'dd', label: 'tracing alone, over dd-trace alone' },
]

/**
 * @param results of one framework and handler, as `measureHttp` returns them
 * @returns for each comparison whose rows were measured: itself, and `ratio`, a summary over the rounds
 */
export function compare(results) {
  const added = (id) => roundsOf(results[id].added)
  return comparisons
    .filter(({ ours, theirs, beyond = ours }) => [ours, theirs, beyond].every((id) => id in results))
    .map((comparison) => {
      const { ours, theirs, beyond } = comparison
      const base = beyond === undefined ? undefined : added(beyond)
      const own = added(ours).map((value, round) => value - (base?.[round] ?? 0))
      return { ...comparison, ratio: summary(ratios(own, added(theirs))) }
    })
}

/** The values of a figure in each round. They stand in the results as one text, to keep these readable. */
export function roundsOf({ byRound }) {
  return byRound.split(' ').map(Number)
}
