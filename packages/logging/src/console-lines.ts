/**
 * What is said on the console, as lines of the logger, with the ids of the span it is said in.
 *
 * Invariant: a line that itself says something on the console does not go round in circles, and once the watch has ended
 * the console is as it was, unless somebody else has changed it meanwhile.
 */
import { format } from 'node:util'
import { messageOf } from '@triscope/core'
import type { Logger } from 'pino'

/** The level of each method. Those that draw, `table` and `dir`, stay as they are. */
const LEVELS = { debug: 'debug', log: 'info', info: 'info', warn: 'warn', error: 'error' } as const

type Method = keyof typeof LEVELS

/** Writes to `logger` from now on. @returns gives the console back */
export function captureConsole(logger: Logger): () => void {
  const { console: host } = globalThis
  let isBusy = false
  const undo: (() => void)[] = []
  for (const method of Object.keys(LEVELS) as Method[]) {
    const original = host[method]
    const captured = (...said: unknown[]): void => {
      if (isBusy) {
        original.apply(host, said)
        return
      }
      isBusy = true
      try {
        const err = said.find((one) => one instanceof Error)
        // Already put in place: a `%` in it is text.
        logger[LEVELS[method]](err === undefined ? {} : { err }, '%s', text(said))
      } finally {
        isBusy = false
      }
    }
    host[method] = captured
    undo.push(() => {
      if (host[method] === captured) host[method] = original
    })
  }
  return () => {
    for (const restore of undo) restore()
  }
}

/** As the console shows it; an object that cannot be shown is no reason to throw into the app. */
function text(said: readonly unknown[]): string {
  try {
    return format(...said)
  } catch (error) {
    return `what was said on the console could not be read: ${messageOf(error)}`
  }
}
