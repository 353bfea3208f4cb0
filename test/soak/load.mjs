/** Requests at a fixed rate, whatever the answers take, over connections that are kept alive. */
import { Agent, get } from 'node:http'

const EVERY_MS = 10
/** A service that does not keep up gets no more; what was left out shows in the verdict. */
const MAX_OPEN = 500
const PATHS = ['/users/', '/orders/', '/fails/']

export class Load {
  sent = 0
  answered = 0
  failed = 0
  /** Milliseconds for which it ran. */
  ranMs = 0
  #agent
  #port
  #rate
  #timer
  #open = 0
  #startMs = 0

  constructor(port, rate) {
    this.#port = port
    this.#rate = rate
  }

  start() {
    this.#agent = new Agent({ keepAlive: true, maxSockets: 64 })
    this.#startMs = performance.now()
    let due = 0
    let lastMs = this.#startMs
    this.#timer = setInterval(() => {
      const nowMs = performance.now()
      due += ((nowMs - lastMs) * this.#rate) / 1_000
      lastMs = nowMs
      for (; due >= 1; due--) if (this.#open < MAX_OPEN) this.#send()
    }, EVERY_MS)
  }

  /** Resolves when the last one has its answer. */
  async stop() {
    clearInterval(this.#timer)
    this.ranMs += performance.now() - this.#startMs
    while (this.#open > 0) await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
    this.#agent.destroy()
  }

  #send() {
    const n = this.sent++
    this.#open++
    const path = n % 500 === 0 ? '/metrics' : n % 100 === 1 ? '/readyz' : `${PATHS[n % 3]}${n}?page=${n % 7}`
    const over = (answered) => {
      this.#open--
      if (answered) this.answered++
      else this.failed++
    }
    get({ agent: this.#agent, port: this.#port, path, host: '127.0.0.1' }, (res) => {
      res.resume()
      res.once('close', () => over(res.complete))
    }).once('error', () => over(false))
  }
}
