// @ts-check
/**
 * After the report: light traffic goes on, and a request that a reader sends is shown as soon as it is complete.
 * Invariant: what is shown is bounded: one request at a time, and those that come meanwhile are only counted.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { isAccessLine, logLineText, timeOf } from './log-line.js'
import { durationText } from './paint.js'
import { sendTraffic, USER_AGENT } from './traffic.js'
import { waterfall } from './waterfall.js'

const REQUESTS_PER_SECOND = 2
/** Spans are exported every half second by each service; twice that and a little more is enough for both. */
const COMPLETE_AFTER_MS = 1_500

/**
 * Keeps the stage alive until `signal`.
 * @param {import('./stage.js').Stage} stage
 * @param {{ print(lines: readonly string[]): void, canvas: import('./waterfall.js').Canvas, sent: number,
 *   signal: AbortSignal }} options `sent` is how many requests of the demo went before
 */
export async function stayAlive(stage, { print, canvas, sent, signal }) {
  const { gateway } = stage
  if (gateway === undefined) return
  let showing = false
  let skipped = 0
  stage.watchLogs((line) => {
    if (line.service !== gateway.name || !isAccessLine(line) || line.fields['user_agent'] === USER_AGENT)
      return
    if (showing) {
      skipped++
      return
    }
    showing = true
    show(line)
      .catch((error) => print(['', `this request could not be shown: ${error.message}`]))
      .finally(() => {
        showing = false
      })
  })

  await sendTraffic({
    url: gateway.url,
    from: sent,
    to: Number.POSITIVE_INFINITY,
    perSecond: REQUESTS_PER_SECOND,
    signal,
  })

  /** @param {import('./log-line.js').LogLine} access */
  async function show({ fields, traceId }) {
    const { paint } = canvas
    if (traceId === undefined) return
    await sleep(COMPLETE_AFTER_MS, undefined, { signal }).catch(() => {})
    if (signal.aborted) return
    const spans = (await stage.spans(traceId)) ?? []
    const lines = stage.linesOf(traceId).toSorted((a, b) => timeOf(a) - timeOf(b))
    const serviceWidth = Math.max(...stage.services.map(({ name }) => name.length))
    const took = durationText(Number(fields['duration_ms']))
    print([
      '',
      `${paint.bold(`Your request: ${fields['method']} ${fields['path']}`)}   ${fields['status'] ?? 'aborted'} in ${took}`,
      '',
      ...(spans.length > 0 ? [...waterfall(spans, canvas), ''] : []),
      ...lines.map((line) => logLineText(line, serviceWidth, canvas)),
      '',
      `trace ${traceId}`,
      ...(skipped > 0 ? [paint.dim(`${skipped} more came meanwhile`)] : []),
    ])
    skipped = 0
  }
}
