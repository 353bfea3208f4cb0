/**
 * Writes bodies to a stream, such as stdout.
 *
 * Invariant: one body waits in the stream at a time; an error of the stream is counted, and reaches the app only where it
 * would have without us.
 */
import type { Writable } from 'node:stream'
import { type Clock, messageOf, systemClock } from '@triscope/core'
import { ExportError } from './export-error.ts'
import type { Sender, SendResult } from './sender.ts'

/** Makes a sender over a stream, which stays open when it is closed. @param name how messages call it: `stdout` */
export function createStreamSender(stream: Writable, name: string, clock: Clock = systemClock): Sender {
  return {
    send: (body, timeoutMs) =>
      new Promise<SendResult>((resolve) => {
        const settle = (result: SendResult): void => {
          timer.cancel()
          // An error is told to the callback first, and then to listeners; without one it would end the process.
          setImmediate(() => stream.off('error', failed))
          resolve(result)
        }
        const failed = (error: unknown): void => {
          const { code } = error as { code?: unknown }
          const words = `${name} cannot be written: ${messageOf(error)}`
          settle({
            kind: 'refused',
            cause: new ExportError(typeof code === 'string' ? code : '_OTHER', words, error),
          })
        }
        const timer = clock.timer(timeoutMs, () =>
          // It is in the stream, and may come out still; a second time would be wrong.
          settle({
            kind: 'refused',
            cause: new ExportError('timeout', `${name} took nothing for ${timeoutMs} ms`),
          }),
        )
        stream.on('error', failed)
        stream.write(body, (error) => {
          if (error === null || error === undefined) settle({ kind: 'accepted' })
          else failed(error)
        })
      }),
    close: () => undefined,
  }
}
