/**
 * The guard for CI: `npm run bench:guard`. Fails when a call allocates more than it did, when what Triscope adds to a
 * request has grown against the bare request, or when it breaks the promise beside the usual assembly: each beyond the
 * noise of this very run. The usual assembly is the noisier measure, the bare request the sharper one.
 *
 * `--prove` also runs Triscope with a loop of 10 µs in every request, and fails where that would have gone unnoticed;
 * `--inject-us N` puts such a loop into the judged row itself; `--accept` writes what is measured to `guard.json`.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { handlers, rowsOf } from './http/rows.mjs'
import { measureHttp, startWorld } from './http/run.mjs'
import { acceptedRatio, judgeBytes, judgeRatio, leastOfTurns } from './lib/judge.mjs'
import { prepare } from './lib/prepare.mjs'
import { comparisons, roundsOf } from './lib/ratios.mjs'
import { ratios } from './lib/statistics.mjs'
import { bytes as bytesText, fixed, table } from './lib/table.mjs'
import { measureBytes } from './micro/run.mjs'

const FRAMEWORKS = ['fastify', 'express']
const ROUNDS = 9
/** In each round every row has so many short turns, and the least counts: what else runs can only have added. */
const TURNS = 5
const TIMES = { warmRequests: 10_000, warm: 3_500, settle: 50, measure: 160 }
const PROOF_US = 10
/** The framework whose bare request is so short that ten microseconds are a large part of it. */
const PROVED = 'fastify'
const NODE = process.versions.node.split('.', 1)[0]
const limitsPath = fileURLToPath(new URL('guard.json', import.meta.url))

const { values } = parseArgs({
  options: {
    prove: { type: 'boolean', default: false },
    accept: { type: 'boolean', default: false },
    'inject-us': { type: 'string' },
  },
})

prepare()
const limits = JSON.parse(readFileSync(limitsPath, 'utf8'))
const { bytes, byFramework } = await measure()
if (values.accept) accept()
else report()

async function measure() {
  const world = await startWorld()
  try {
    const found = await measureBytes(world)
    const byFramework = {}
    for (const framework of FRAMEWORKS) {
      const chosen = rowsOf(framework, ['triscope', 'usual']).map(injected)
      if (values.prove && framework === PROVED) chosen.push(proofRow())
      const how = { rounds: ROUNDS * TURNS, times: TIMES }
      byFramework[framework] = await measureHttp(framework, handlers.answer, chosen, world, how)
    }
    return { bytes: found, byFramework }
  } finally {
    await world.stop()
  }
}

function proofRow() {
  const judged = rowsOf(PROVED, ['triscope']).find(({ id }) => id === 'triscope')
  return { ...judged, id: 'proof', as: 'triscope', injectUs: PROOF_US }
}

function injected(row) {
  const us = values['inject-us']
  return row.id === 'triscope' && us !== undefined ? { ...row, injectUs: Number(us) } : row
}

/** What a row adds to a bare request, in bare requests. */
function overBare(framework, row) {
  const { bare } = byFramework[framework]
  return judgeRatio(ratios(addedOf(row, bare), leastOf(bare)), limits.overBare[framework])
}

function overUsual(framework) {
  const { bare, triscope, usual } = byFramework[framework]
  const { target } = comparisons.find(({ ours, theirs }) => ours === 'triscope' && theirs === 'usual')
  return judgeRatio(ratios(addedOf(triscope, bare), addedOf(usual, bare)), target[framework])
}

/** By round. */
function addedOf(row, bare) {
  const base = leastOf(bare)
  return leastOf(row).map((cpu, round) => cpu - base[round])
}

function leastOf({ cpu }) {
  return leastOfTurns(roundsOf(cpu), TURNS)
}

function accept() {
  const ratioOf = (framework) => acceptedRatio(overBare(framework, byFramework[framework].triscope))
  const overBareOf = Object.fromEntries(FRAMEWORKS.map((framework) => [framework, ratioOf(framework)]))
  const accepted = { node: NODE, overBare: overBareOf, bytes }
  writeFileSync(limitsPath, `${JSON.stringify(accepted, null, 2)}\n`)
  console.log(`accepted: ${JSON.stringify(accepted)}`)
}

function report() {
  const known = limits.node === NODE
  if (!known) console.log(`limits were accepted on Node ${limits.node}: here only the promise is judged`)
  const judged = []
  for (const framework of FRAMEWORKS) {
    const { triscope } = byFramework[framework]
    if (known)
      judged.push(ratioLine(`${framework}: added CPU, over the bare request`, overBare(framework, triscope)))
    judged.push(ratioLine(`${framework}: added CPU, over the usual assembly`, overUsual(framework)))
  }
  for (const entry of known ? judgeBytes(bytes, limits.bytes) : [])
    judged.push({ ...entry, what: `bytes of ${entry.id}`, text: bytesText(entry.bytes) })
  const said = judged.map(({ what, text, limit, worse }) => [what, text, limit, worse ? 'WORSE' : 'ok'])
  console.log(table([{ title: 'what' }, { title: 'measured' }, { title: 'limit' }, { title: '' }], said))
  for (const [framework, byRow] of Object.entries(byFramework)) {
    for (const { label, produced } of Object.values(byRow)) {
      if (produced.said !== '') console.log(`${framework}, ${label}: ${produced.said}`)
    }
  }
  const failed = judged.some(({ worse }) => worse)
  if (failed)
    console.error('the guard: a hot path costs more than it did; if that is meant, run it with --accept')
  if (values.prove && !proved()) process.exitCode = 2
  if (failed) process.exitCode = 1
}

function ratioLine(what, judgement) {
  return { ...judgement, what, text: measured(judgement) }
}

/** Whether ten microseconds more are noticed in this run. */
function proved() {
  const proof = overBare(PROVED, byFramework[PROVED].proof)
  const what = `${PROVED}, a loop of ${PROOF_US} µs: ${measured(proof)}, limit ${proof.limit}`
  if (proof.worse) console.log(`${what}: noticed`)
  else console.error(`${what}: went unnoticed, this run was blind`)
  return proof.worse
}

function measured({ ratio, noise }) {
  return `${fixed(ratio, 3)} ± ${fixed(noise, 3)}`
}
