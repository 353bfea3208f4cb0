/**
 * The last line of a process that crashes: what was thrown, or rejected without anybody who cared.
 *
 * Invariant: node's monitor is only told; exit code, the print on standard error, and handlers of the app, which may keep
 * the process alive, stay as they are.
 */
import type { Logger } from 'pino'

/** Writes a line for each uncaught error from now on. @returns ends the watch */
export function logCrashes(logger: () => Logger): () => void {
  const onCrash = (error: unknown, origin: string): void => {
    const isRejection = origin === 'unhandledRejection'
    // At level fatal a destination is flushed before the call returns.
    logger().fatal({ err: error, origin }, isRejection ? 'unhandled rejection' : 'uncaught exception')
  }
  process.on('uncaughtExceptionMonitor', onCrash)
  return () => process.off('uncaughtExceptionMonitor', onCrash)
}
