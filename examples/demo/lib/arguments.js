// @ts-check
/** What the demo is asked for on its command line. */
import { parseArgs } from 'node:util'

export const HELP = `Usage: npm run demo [-- options]

Starts two example services and a small OTLP receiver on loopback, sends them real traffic, and prints
what came out: one failing request over both services, its log lines, its exemplar, and the routes.

Options
  --once    stop after the report; exit 0 only if one failing trace has spans of two services, at least
            three of them, an exemplar, and log lines in both, else say what is missing and exit 1
  --help    show this

Without --once the services stay up, under light traffic, until Ctrl-C.

Environment
  OTEL_EXPORTER_OTLP_ENDPOINT    send the spans there instead (http/protobuf, as http://localhost:4318)
  NO_COLOR                       no colours
`

/**
 * @typedef {object} Arguments
 * @property {boolean} once
 * @property {boolean} help
 * @property {string | undefined} mistake a sentence for the user about what cannot be understood
 */

/** @param {readonly string[]} args without node and the script @returns {Arguments} */
export function parseArguments(args) {
  try {
    const { values } = parseArgs({
      // `npm run demo -- --once` reaches us through two runners, and one of them may leave a "--" in front.
      args: args[0] === '--' ? args.slice(1) : [...args],
      options: {
        once: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    return { once: values.once, help: values.help, mistake: undefined }
  } catch (error) {
    return { once: false, help: false, mistake: error instanceof Error ? error.message : String(error) }
  }
}
