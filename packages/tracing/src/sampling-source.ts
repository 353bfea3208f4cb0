/**
 * Asks a Jaeger server for its sampling strategies: `GET {endpoint}?service={name}`, again and again.
 *
 * Invariant: one question at a time, bounded in time and bytes, and unseen by every instrumentation; a question that
 * fails changes nothing, keeps no process alive, and is counted.
 */
import { get as getHttp, type IncomingMessage } from 'node:http'
import { get as getHttps } from 'node:https'
import { type Clock, type Diagnostics, messageOf, type Timer, untraced } from '@triscope/core'

export interface SourceParts {
  readonly url: URL
  readonly pollIntervalMs: number
  readonly clock: Clock
  readonly diagnostics: Diagnostics
  /** Gets each answer, parsed; what it throws is the failure of that answer. */
  readonly onAnswer: (answer: unknown) => void
}

/** Milliseconds for one question. */
const TIMEOUT_MS = 5_000
/** Two thousand operations with names of 200 characters, and room for JSON around them. */
const MAX_BYTES = 1_048_576

/** Begins to ask, at once; the returned function ends it. */
export function pollSamplingSource(parts: SourceParts): () => void {
  const { clock, diagnostics, pollIntervalMs, url } = parts
  let timer: Timer | undefined
  let abort: (() => void) | undefined
  let stopped = false

  const ask = (): void => {
    let open = true
    const done = (error: unknown, text?: string): void => {
      if (!open || stopped) return
      open = false
      limit.cancel()
      try {
        if (error !== undefined) throw error
        parts.onAnswer(JSON.parse(text ?? ''))
      } catch (thrown) {
        diagnostics.failed(
          'TRI_WARN_SAMPLING_SOURCE',
          new Error(
            `no sampling strategy from ${url.origin}${url.pathname}: ${messageOf(thrown)}; the last one stays in force`,
            { cause: thrown },
          ),
        )
      }
      timer = clock.timer(pollIntervalMs, ask)
    }
    const limit = clock.timer(TIMEOUT_MS, () => {
      done(new Error(`no answer within ${TIMEOUT_MS} ms`))
      abort?.()
    })
    abort = untraced(() => request(url, done))
  }
  ask()
  return () => {
    stopped = true
    timer?.cancel()
    abort?.()
  }
}

/** One question. @returns what breaks it off */
function request(url: URL, done: (error: unknown, text?: string) => void): () => void {
  const get = url.protocol === 'https:' ? getHttps : getHttp
  // A connection of its own: one that is kept open for a minute would mostly be found closed.
  const sent = get(url, { agent: false, headers: { accept: 'application/json' } }, (response) =>
    read(response, done),
  )
  sent.on('socket', (socket) => socket.unref())
  sent.on('error', done)
  return () => void sent.destroy()
}

function read(response: IncomingMessage, done: (error: unknown, text?: string) => void): void {
  if (response.statusCode !== 200) {
    response.destroy()
    done(new Error(`status ${response.statusCode}`))
    return
  }
  const chunks: Buffer[] = []
  let bytes = 0
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes <= MAX_BYTES) {
      chunks.push(chunk)
      return
    }
    response.destroy()
    done(new Error(`the answer is longer than ${MAX_BYTES} bytes`))
  })
  response.on('error', done)
  response.on('end', () => done(undefined, Buffer.concat(chunks).toString('utf8')))
}
