/**
 * Standard output as a destination of pino that writes before it returns, as Triscope's does: pino's default hands lines
 * to a thread, and has not written them when a loop of log calls is over.
 */
import { createRequire } from 'node:module'

const load = createRequire(import.meta.url)

/** Made anew for each logger. */
export function stdout() {
  return load('pino').destination({ dest: 1, sync: true })
}
