// @ts-check
/**
 * Requests to the gateway, as shoppers would send them: the same ones in the same order every time, at a steady pace.
 * Invariant: bounded in number, in pace and in how many are under way; an answer of any kind is an answer.
 */
import { setTimeout as sleep } from 'node:timers/promises'

/** Sent with every request of the demo, so that a reader's own can be told from them. */
export const USER_AGENT = 'triscope-demo'

/** Three times what a machine with nothing else to do needs; a busy one gets fewer requests, not a queue of them. */
const MAX_UNDER_WAY = 12
const TIMEOUT_MS = 5_000
/** From here on, those that fail come late: a process answers its first requests slowly, which would be shown instead. */
const FIRST = 180

/**
 * The path of request `n`: three in four ask for an order, most others for a product, a few for what is not there.
 * @param {number} n from 0
 */
export function pathOf(n) {
  const random = hash(FIRST + n)
  const share = random % 100
  const id = 1 + (Math.floor(random / 100) % 200)
  if (share < 74) return `/orders/${id}`
  return share < 97 ? `/products/${id}` : '/favourites'
}

/**
 * Sends requests `from` to `to`, and resolves when the last one is answered. Stops early at `signal`.
 * @param {{ url: string, from: number, to: number, perSecond: number, signal: AbortSignal,
 *   onAnswer?: (status: number | undefined) => void }} options status `undefined` when there was no answer
 */
export async function sendTraffic({ url, from, to, perSecond, signal, onAnswer }) {
  /** @type {Set<Promise<void>>} */
  const underWay = new Set()
  let dueAt = performance.now()
  for (let n = from; n < to && !signal.aborted; n++) {
    const waitMs = dueAt - performance.now()
    // Time that was lost is not made up for: a burst would measure itself.
    dueAt = Math.max(dueAt, performance.now()) + 1_000 / perSecond
    if (waitMs > 1) await sleep(waitMs, undefined, { signal }).catch(() => {})
    while (underWay.size >= MAX_UNDER_WAY) await Promise.race(underWay)
    if (signal.aborted) break
    const request = statusOf(`${url}${pathOf(n)}`, signal).then((status) => {
      underWay.delete(request)
      onAnswer?.(status)
    })
    underWay.add(request)
  }
  await Promise.all(underWay)
}

/** @param {string} url @param {AbortSignal} signal */
async function statusOf(url, signal) {
  try {
    const response = await fetch(url, {
      headers: { 'user-agent': USER_AGENT },
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    })
    await response.arrayBuffer()
    return response.status
  } catch {
    // No answer: the caller hears of it as a request without a status.
    return undefined
  }
}

/** Spreads consecutive numbers over 32 bits, so that the traffic looks random and is the same each time. @param {number} n */
function hash(n) {
  let x = Math.imul(n, 0x9e3779b1)
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return (x ^ (x >>> 16)) >>> 0
}
