// @ts-check
/**
 * The processes of the demo, and everything that comes out of them: OTLP bytes, `/metrics`, lines on stdout.
 * Invariant: they are started receiver first and stopped receiver last, so that no span is sent to nobody.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { booksBalance, booksOf } from './books.js'
import { parseLogLine } from './log-line.js'
import { OPEN_METRICS, parseOpenMetrics } from './open-metrics.js'
import { freePort } from './ports.js'
import { Program } from './program.js'

/**
 * @typedef {Readonly<Record<string, string | undefined>>} Env
 * @typedef {import('./evidence.js').Outputs} Outputs
 * @typedef {import('./log-line.js').LogLine} LogLine
 */

const GATEWAY_PORT = 3000
const ORDERS_PORT = 3001
/** Lines kept of both services together; the demo sends a few hundred requests of two or three lines each. */
const MAX_LINES = 10_000
/** Spans leave the services after half a second here, instead of five: nobody likes to wait for a demo. */
const EXPORT_DELAY_MS = 500
/** How long the outputs of all requests are waited for: a span is sent once more after a few seconds at most. */
const SETTLE_TIMEOUT_MS = 8_000
const SETTLE_POLL_MS = 200

export class Stage {
  /** Where the spans go when not to the receiver of the demo. @type {string | undefined} */
  spansAt
  /** @type {Program | undefined} */
  receiver
  /** @type {Program | undefined} */
  orders
  /** @type {Program | undefined} */
  gateway
  /** @type {LogLine[]} */
  #logs = []
  /** @type {((line: LogLine) => void)[]} */
  #watchers = []
  #env

  /** @param {Env} env */
  constructor(env) {
    this.spansAt = foreignEndpoint(env)
    this.#env = env
  }

  /** Starts everything; when it resolves, all of it accepts connections. */
  async start() {
    if (this.spansAt === undefined) {
      this.receiver = await this.#started('receiver', 0, this.#env)
    }
    const env = serviceEnv(this.#env, this.receiver?.url)
    this.orders = await this.#started('orders', ORDERS_PORT, env)
    this.gateway = await this.#started('gateway', GATEWAY_PORT, { ...env, ORDERS_URL: this.orders.url })
    await Promise.all(this.programs.map((program) => program.listening()))
  }

  /** The caller first. */
  get services() {
    return [this.gateway, this.orders].filter((program) => program !== undefined)
  }

  get programs() {
    return [...this.services, this.receiver].filter((program) => program !== undefined)
  }

  /** Calls `watcher` with each line that a service writes from now on. @param {(line: LogLine) => void} watcher */
  watchLogs(watcher) {
    this.#watchers.push(watcher)
  }

  /** What has come out so far. @returns {Promise<Outputs>} */
  async outputs() {
    const [spans, metrics] = await Promise.all([this.spans(), this.scrape()])
    return { services: this.services.map(({ name }) => name), spans, metrics, logs: [...this.#logs] }
  }

  /** What has come out once every request is told by all three signals, or when that takes too long. */
  async settled() {
    const giveUpAt = performance.now() + SETTLE_TIMEOUT_MS
    for (;;) {
      const outputs = await this.outputs()
      if (booksBalance(booksOf(outputs)) || performance.now() > giveUpAt) return outputs
      await sleep(SETTLE_POLL_MS)
    }
  }

  /** One scrape of each service. @returns {Promise<Outputs['metrics']>} */
  async scrape() {
    const scrapes = this.services.map(async ({ name, url }) => {
      const response = await fetch(`${url}/metrics`, { headers: { accept: OPEN_METRICS } })
      if (!response.ok) throw new Error(`GET ${url}/metrics answered ${response.status}`)
      return /** @type {const} */ ([name, parseOpenMetrics(await response.text())])
    })
    return new Map(await Promise.all(scrapes))
  }

  /** What the receiver got, of one trace or of all. @param {string} [traceId] @returns {Promise<Outputs['spans']>} */
  async spans(traceId) {
    if (this.receiver === undefined) return undefined
    const response = await fetch(`${this.receiver.url}/spans${traceId === undefined ? '' : `/${traceId}`}`)
    return /** @type {import('./otlp-spans.js').ReceivedSpan[]} */ (await response.json())
  }

  /** The lines of one trace so far. @param {string} traceId */
  linesOf(traceId) {
    return this.#logs.filter((line) => line.traceId === traceId)
  }

  /** Rejects when one of them ends by itself; never resolves. */
  broken() {
    return Promise.race(this.programs.map((program) => program.broken))
  }

  /** Stops the services, which send what they hold, and then the receiver. Safe twice. */
  async stop() {
    await this.gateway?.stop()
    await this.orders?.stop()
    await this.receiver?.stop()
  }

  /** @param {string} name @param {number} wantedPort @param {Env} env */
  async #started(name, wantedPort, env) {
    const file = fileURLToPath(new URL(`../${name}.js`, import.meta.url))
    const port = await freePort(wantedPort)
    return new Program({ name, file, port, env, onLine: (text) => this.#read(name, text) })
  }

  /** @param {string} service @param {string} text */
  #read(service, text) {
    const line = parseLogLine(service, text)
    if (line === undefined) return
    this.#logs.push(line)
    if (this.#logs.length > MAX_LINES) this.#logs.splice(0, MAX_LINES / 10)
    for (const watcher of this.#watchers) watcher(line)
  }
}

/**
 * Where a reader wants the spans to go, without the password that a URL may hold; `undefined` when nowhere else. A
 * variable that is empty is not set, as the OpenTelemetry specification has it.
 * @param {Env} env
 */
export function foreignEndpoint(env) {
  const named = [env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'], env['OTEL_EXPORTER_OTLP_ENDPOINT']]
  return named.find((url) => url !== undefined && url !== '')?.replace(/\/\/[^/]*@/, '//')
}

/**
 * The environment of a service. A reader's own telemetry settings are left out, because they would change what is
 * shown; only those of an endpoint of theirs are kept, where the spans go to one.
 * @param {Env} env
 * @param {string | undefined} receiver that of the demo, if it runs
 * @returns {Env}
 */
export function serviceEnv(env, receiver) {
  const kept = (/** @type {[string, unknown]} */ [name]) =>
    name.startsWith('OTEL_')
      ? receiver === undefined && name.startsWith('OTEL_EXPORTER_OTLP_')
      : name !== 'NODE_ENV' && name !== 'LOG_LEVEL'
  return {
    ...Object.fromEntries(Object.entries(env).filter(kept)),
    OTEL_BSP_SCHEDULE_DELAY: String(EXPORT_DELAY_MS),
    ...(receiver === undefined ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: receiver }),
  }
}
