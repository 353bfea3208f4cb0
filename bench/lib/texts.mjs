/** What was measured, as the texts that stand on the page. */
import { assembly, handlers } from '../http/rows.mjs'
import { microTables } from './micro-texts.mjs'
import { compare } from './ratios.mjs'
import { bytes, fixed, table, verdict } from './table.mjs'

const TITLES = { fastify: 'Fastify', express: 'Express' }

/** @param results as `bench/results.json` holds them */
export function textsOf(results) {
  const { http = {} } = results
  return {
    ratios: ratiosText(http),
    fastify: httpText('fastify', http),
    express: httpText('express', http),
    micro: microTables(results.micro),
    machine: machineText(results),
  }
}

/** What stands on the first page of the repository: everything on, every request sampled, a handler that answers. */
export function headlineText({ http = {}, machine }) {
  const columns = [
    { title: `added to a request, everything on, Node ${machine.node}` },
    ...['Triscope', 'usual assembly', 'ratio'].map((title) => ({ title, align: 'right' })),
  ]
  const found = []
  for (const [framework, { answer }] of Object.entries(http)) {
    const { usual, triscope } = answer?.rows ?? {}
    if (usual === undefined || triscope === undefined) continue
    const [{ ratio }] = compare(answer.rows)
    found.push([
      TITLES[framework],
      `${fixed(triscope.added.median)} µs`,
      `${fixed(usual.added.median)} µs`,
      `${fixed(ratio.median, 3)} ± ${fixed(ratio.deviation, 3)}`,
    ])
  }
  return table(columns, found)
}

function ratiosText(http) {
  const columns = [
    { title: 'framework' },
    { title: 'handler' },
    { title: 'added CPU of Triscope' },
    { title: 'ratio', align: 'right' },
    { title: '± noise', align: 'right' },
    { title: 'target' },
    { title: 'goal' },
  ]
  const found = []
  for (const [framework, byHandler] of Object.entries(http)) {
    for (const [handler, { rows }] of Object.entries(byHandler)) {
      for (const { label, ratio, target, goal } of compare(rows)) {
        found.push([
          TITLES[framework],
          handler,
          label,
          fixed(ratio.median, 3),
          fixed(ratio.deviation, 3),
          verdict(ratio.median, target?.[framework]),
          goal?.[framework] === undefined ? '' : `≤ ${goal[framework]}`,
        ])
      }
    }
  }
  return table(columns, found)
}

function httpText(framework, http) {
  const parts = []
  for (const [handler, { rows, measured }] of Object.entries(http[framework] ?? {})) {
    parts.push(`### ${TITLES[framework]}, ${handlers[handler].label}`, httpTable(rows))
    parts.push(`Measured ${measured}.`)
    const said = Object.values(rows).filter(({ produced }) => produced.said !== '')
    for (const { label, produced } of said) parts.push(`**${label}**: ${produced.said}.`)
    if (said.length === 0) parts.push('Every row produced all of its spans, series and lines.')
  }
  const { metrics, log, otel } = assembly[framework]
  parts.push(`The usual assembly here: ${metrics}; ${log}; ${otel}; instrumentation-pino for the ids.`)
  return parts.join('\n\n')
}

/** One row a line; what was added is beyond bare of the same round. */
export function httpTable(rows) {
  const right = [
    'CPU µs/req',
    'added',
    '±',
    'x bare',
    'req/s',
    'p50 ms',
    'p99 ms',
    'RSS MB',
    'garbage/req',
    'spans/req',
    'lines/req',
  ]
  const columns = [{ title: 'row' }, ...right.map((title) => ({ title, align: 'right' }))]
  const bare = rows.bare?.cpu.median
  return table(
    columns,
    Object.values(rows).map((row) => [
      row.label,
      fixed(row.cpu.median),
      fixed(row.added.median),
      fixed(row.added.deviation),
      fixed(row.cpu.median / bare, 2),
      fixed(row.perSecond.median, 0),
      fixed(row.p50.median, 2),
      fixed(row.p99.median, 2),
      fixed(row.rss.median, 0),
      bytes(row.garbage.median),
      fixed(row.produced.spans, 2),
      fixed(row.produced.lines, 0),
    ]),
  )
}

function machineText({ machine, versions }) {
  const facts = [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memory}; ${machine.system}; Node ${machine.node}.`,
    `Placement: ${machine.placement}.`,
  ]
  const list = table(
    [{ title: 'package' }, { title: 'version' }],
    Object.entries(versions).map(([name, version]) => [`\`${name}\``, version]),
  )
  return `${facts.join(' ')}\n\n${list}`
}
