/** What the command takes. */
import { parseArgs } from 'node:util'

export const help = `npm run bench -- [options]

Measures what a request costs with Triscope and with the packages it stands in for, and writes the tables
of bench/README.md. Installs the peers into bench/node_modules the first time.

  --rounds N        rounds of each HTTP row (default 5)
  --only LIST       of fastify, express, micro; separated by commas (default all)
  --handlers LIST   of answer, fetch (default both)
  --rows LIST       ids of HTTP rows, as in bench/http/rows.mjs (default all); bare is always measured
  --quick           2 short rounds: to see that it works; the numbers say little
  --profile LIST    ids of rows: writes a CPU profile of each to bench/.profiles and prints what takes the time
  --no-write        prints, and leaves bench/results.json and bench/README.md as they are
  --help`

const PARTS = ['fastify', 'express', 'micro']
const HANDLERS = ['answer', 'fetch']

/**
 * The options, resolved. A part that was left out by `--only` keeps the results it has on the page; a quick run,
 * and one of a few rows, is never written.
 */
export function parseArguments(argv) {
  const { values } = parseArgs({
    args: argv,
    options: {
      rounds: { type: 'string' },
      only: { type: 'string' },
      handlers: { type: 'string' },
      rows: { type: 'string' },
      profile: { type: 'string' },
      quick: { type: 'boolean', default: false },
      'no-write': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const rounds = values.rounds === undefined ? (values.quick ? 2 : 5) : Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new Error(`--rounds: expected a whole number of at least 1, got ${values.rounds}`)
  }
  return {
    help: values.help,
    rounds,
    quick: values.quick,
    only: listed('only', values.only, PARTS),
    handlers: listed('handlers', values.handlers, HANDLERS),
    rows: values.rows?.split(','),
    profile: values.profile?.split(',') ?? [],
    write: !values.quick && !values['no-write'] && values.rows === undefined && values.profile === undefined,
  }
}

function listed(option, text, choices) {
  const chosen = text?.split(',') ?? choices
  const wrong = chosen.find((choice) => !choices.includes(choice))
  if (wrong !== undefined) throw new Error(`--${option}: expected ${choices.join(', ')}, got ${wrong}`)
  return chosen
}
