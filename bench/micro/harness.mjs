/**
 * Compares small pieces of work in one process: interleaved rounds in rotated order, and bytes per call.
 *
 * Invariant: each contender brings a loop of its own, so that V8 compiles each for itself. Run with `--expose-gc` and
 * a semi-space so large that no collection falls into the loop in which bytes are counted.
 */
import { median, ratios, rotated, summary } from '../lib/statistics.mjs'

/**
 * One question, put to all contenders.
 * @param question `label`; `ours`, the contender it is about; `peers`, those whose best it is held against; `target`,
 *   the highest ratio, where there is one; `contenders` by name: `label`, `run(n)`, and where needed `max`, the most
 *   calls in a row, and `settle()`, awaited after each turn and not measured
 * @returns the question with, for each contender, `ns`, `bytes` and `ratio` to the best peer, and without functions
 */
export async function ask(question, { rounds, turnMs }) {
  const names = Object.keys(question.contenders)
  const turns = {}
  const times = Object.fromEntries(names.map((name) => [name, []]))
  for (const name of names) turns[name] = await callsIn(question.contenders[name], turnMs)
  for (let round = 0; round < rounds; round++) {
    for (const name of rotated(names, round)) {
      const contender = question.contenders[name]
      times[name].push(timeOf(contender, turns[name]) / turns[name])
      await contender.settle?.()
    }
  }
  const best = question.peers.reduce((a, b) => (median(times[b]) < median(times[a]) ? b : a))
  const contenders = {}
  for (const name of names) {
    const contender = question.contenders[name]
    contenders[name] = {
      label: contender.label,
      ns: summary(times[name]),
      bytes: await bytesPerCall(contender),
      ratio: summary(ratios(times[name], times[best])),
    }
  }
  const { label, ours, target } = question
  return { label, ours, best, ...(target === undefined ? {} : { target }), contenders }
}

/** Nanoseconds for `calls` calls. */
export function timeOf({ run }, calls) {
  const startedAt = process.hrtime.bigint()
  run(calls)
  return Number(process.hrtime.bigint() - startedAt)
}

/** How many calls take about `turnMs`, found while warming up. */
async function callsIn(contender, turnMs) {
  const max = contender.max ?? 50_000_000
  let calls = Math.min(max, 1_000)
  for (let step = 0; step < 12; step++) {
    const ms = timeOf(contender, calls) / 1e6
    await contender.settle?.()
    calls = Math.max(100, Math.min(max, Math.round((calls * turnMs) / Math.max(ms, turnMs / 20))))
  }
  return calls
}

/**
 * Heap bytes that one call allocates: the least of seven loops, because whatever else runs meanwhile can only add. At 5 kB
 * a call they fill half of the semi-space.
 */
export async function bytesPerCall(contender, calls = Math.min(contender.max ?? 20_000, 20_000)) {
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < 7; round++) {
    globalThis.gc()
    const before = process.memoryUsage().heapUsed
    contender.run(calls)
    least = Math.min(least, (process.memoryUsage().heapUsed - before) / calls)
    await contender.settle?.()
  }
  return Math.max(0, Math.round(least))
}
