/** The small benches, as tables. */
import { bytes, duration, fixed, table, verdict } from './table.mjs'

/** @param micro as `measureMicro` returns it; `undefined` where it was never run */
export function microTables(micro) {
  if (micro === undefined) return 'Not measured yet.'
  return `${questionsTable(micro.questions)}\n\n${scrapeTable(micro.scrapes)}\n\nMeasured ${micro.measured}.`
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
