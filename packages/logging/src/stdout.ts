/** Standard output: lines of one turn of the event loop in one write, and all of them out when the process ends. */
import { writeSync } from 'node:fs'
import type { Clock, Diagnostics } from '@triscope/core'
import { LineBuffer } from './line-buffer.ts'
import { flushAtProcessEnd } from './process-flush.ts'

/** Standard output as a destination that never throws, for the life of the process. */
export function createStdout(clock: Clock, diagnostics: Diagnostics, isSync: boolean): LineBuffer {
  const buffer = new LineBuffer({ clock, diagnostics, isSync, writeBytes: writeToStdout })
  flushAtProcessEnd(buffer)
  return buffer
}

function writeToStdout(bytes: Buffer | string): number {
  return typeof bytes === 'string' ? writeSync(1, bytes) : writeSync(1, bytes)
}
