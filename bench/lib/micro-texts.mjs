/** The small benches, as tables. */
import { bytes, duration, fixed, table, verdict } from './table.mjs'

/** @param micro as `measureMicro` returns it; `undefined` where it was never run */
export function microTables(micro) {
  if (micro === undefined) return 'Not measured yet.'
  const { awaits, exporting, measured, questions, scrapes } = micro
  const parts = [questionsTable(questions), scrapeTable(scrapes)]
  if (exporting !== undefined) parts.push(exportTable(exporting))
  if (awaits !== undefined) parts.push(awaitTable(awaits))
  return [...parts, `Measured ${measured}.`].join('\n\n')
}

function questionsTable(questions) {
  const columns = [
    { title: 'what' },
    { title: 'who' },
    { title: 'one call', align: 'right' },
    { title: '±', align: 'right' },
    { title: 'bytes', align: 'right' },
    { title: 'x best peer', align: 'right' },
    { title: 'target' },
  ]
  const rows = Object.values(questions).flatMap(({ label, contenders, ours, best, target }) =>
    Object.entries(contenders).map(([name, contender], index) => [
      index === 0 ? label : '',
      name === best ? `${contender.label} (best peer)` : contender.label,
      duration(contender.ns.median),
      duration(contender.ns.deviation),
      bytes(contender.bytes),
      fixed(contender.ratio.median, 3),
      name === ours ? verdict(contender.ratio.median, target) : '',
    ]),
  )
  return table(columns, rows)
}

function scrapeTable(scrapes) {
  const columns = [
    { title: 'what' },
    { title: 'who' },
    { title: 'first', align: 'right' },
    { title: 'later', align: 'right' },
    { title: 'longest block', align: 'right' },
    { title: 'heap/series', align: 'right' },
    { title: 'x best peer', align: 'right' },
    { title: 'target' },
  ]
  const rows = Object.values(scrapes).flatMap(({ label, contenders, best, target }) =>
    Object.entries(contenders).map(([name, contender], index) => [
      index === 0 ? label : '',
      name === best ? `${contender.label} (best peer)` : contender.label,
      duration(contender.firstMs * 1e6),
      duration(contender.ms * 1e6),
      duration(contender.blockMs * 1e6),
      bytes(contender.heap),
      fixed(contender.ratio.median, 3),
      name === 'triscope' ? verdict(contender.ratio.median, target) : '',
    ]),
  )
  return table(columns, rows)
}

/** The first pipeline is the peer. */
function exportTable({ rate, pipelines }) {
  const titles = ['main thread/span', 'x peer', 'process/span', 'x peer', 'received', 'loop p99', 'loop max']
  const [peer] = pipelines
  const rows = pipelines.map(({ label, mainUs, wholeUs, received, p99Ms, maxMs }) => [
    label,
    duration(mainUs * 1e3),
    fixed(mainUs / peer.mainUs, 2),
    duration(wholeUs * 1e3),
    fixed(wholeUs / peer.wholeUs, 2),
    `${fixed(100 * received)} %`,
    duration(p99Ms * 1e6),
    duration(maxMs * 1e6),
  ])
  return table([{ title: `export of ${rate} spans/s` }, ...titles.map(right)], rows)
}

function awaitTable(awaits) {
  const rows = awaits.map(({ label, ns }) => [label, duration(ns)])
  return table([{ title: 'one await within a span, by what carries it' }, right('takes')], rows)
}

function right(title) {
  return { title, align: 'right' }
}
