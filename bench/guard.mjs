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
import { handlers, rows } from './http/rows.mjs'
import { measureHttp, startWorld } from './http/run.mjs'
import { acceptedLimits, judgeBytes, judgeRatio } from './lib/judge.mjs'
import { prepare } from './lib/prepare.mjs'
import { comparisons, roundsOf } from './lib/ratios.mjs'
import { ratios } from './lib/statistics.mjs'
import { bytes as bytesText, fixed, table } from './lib/table.mjs'
import { measureBytes } from './micro/run.mjs'

const ROUNDS = 11
const PROOF_US = 10
const TIMES = { warmRequests: 12_000, warm: 4_000, settle: 150, measure: 700 }
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
const { bytes, byRow } = await measure()
const bare = roundsOf(byRow.bare.cpu)
const judged = overBare(byRow.triscope)
if (values.accept) accept()
else report()

async function measure() {
  const world = await startWorld()
  try {
    const found = await measureBytes(world)
    const chosen = rows.filter(({ id }) => ['bare', 'triscope', 'usual'].includes(id)).map(injected)
    if (values.prove) chosen.push({ ...rowOf('triscope'), id: 'proof', as: 'triscope', injectUs: PROOF_US })
    const how = { rounds: ROUNDS, times: TIMES }
    return { bytes: found, byRow: await measureHttp('fastify', handlers.answer, chosen, world, how) }
  } finally {
    await world.stop()
  }
}

function injected(row) {
  const us = values['inject-us']
  return row.id === 'triscope' && us !== undefined ? { ...row, injectUs: Number(us) } : row
}

function rowOf(wanted) {
  return rows.find(({ id }) => id === wanted)
}

/** What `row` adds to a bare request, in bare requests. */
function overBare({ added }) {
  return judgeRatio(ratios(roundsOf(added), bare), limits.overBare)
}

function overUsual() {
  const { target } = comparisons.find(({ ours, theirs }) => ours === 'triscope' && theirs === 'usual')
  return judgeRatio(ratios(roundsOf(byRow.triscope.added), roundsOf(byRow.usual.added)), target.fastify)
}

function accept() {
  const accepted = acceptedLimits(judged, bytes)
  writeFileSync(limitsPath, `${JSON.stringify(accepted, null, 2)}\n`)
  console.log(`accepted: ${JSON.stringify(accepted)}`)
}

function report() {
  const counted = judgeBytes(bytes, limits.bytes)
  const promise = overUsual()
  const lines = [
    ['added CPU, over the bare request', measured(judged), judged],
    ['added CPU, over the usual assembly', measured(promise), promise],
    ...counted.map((entry) => [`bytes of ${entry.id}`, bytesText(entry.bytes), entry]),
  ]
  const said = lines.map(([what, value, { limit, worse }]) => [what, value, limit, worse ? 'WORSE' : 'ok'])
  console.log(table([{ title: 'what' }, { title: 'measured' }, { title: 'limit' }, { title: '' }], said))
  for (const { label, produced } of Object.values(byRow)) {
    if (produced.said !== '') console.log(`${label}: ${produced.said}`)
  }
  const failed = [judged, promise, ...counted].some(({ worse }) => worse)
  if (failed)
    console.error('the guard: a hot path costs more than it did; if that is meant, run it with --accept')
  if (values.prove && !proved()) process.exitCode = 2
  if (failed) process.exitCode = 1
}

/** Whether ten microseconds more are noticed in this run. */
function proved() {
  const proof = overBare(byRow.proof)
  if (proof.worse) console.log(`with a loop of ${PROOF_US} µs: ${measured(proof)}, noticed`)
  else console.error(`blind here: a loop of ${PROOF_US} µs gave ${measured(proof)} and went unnoticed`)
  return proof.worse
}

function measured({ ratio, noise }) {
  return `${fixed(ratio, 3)} ± ${fixed(noise, 3)}`
}
