/**
 * `npm run demo`: builds what changed since it was built, then becomes the demo in examples/demo.
 * Help, and the answer to a mistake on the command line, need no build.
 */
import { parseArguments } from '../examples/demo/lib/arguments.js'

if (isToRun(process.argv.slice(2))) await import('./build.mjs')
// A package that does not build has said so, and there is nothing to show.
if (process.exitCode === undefined) await import('../examples/demo/demo.js')

function isToRun(args) {
  try {
    return !parseArguments(args).help
  } catch {
    // The demo says what is wrong.
    return false
  }
}
