// @ts-check
/**
 * The demo, top to bottom: start two services and a receiver, send traffic, read what came out, show it.
 *
 * Invariant: the report is made of the bytes the receiver got, of `GET /metrics` and of the services' stdout, and of
 * nothing else. Started by `npm run demo`, which builds the packages first.
 */
import { HELP, parseArguments } from './lib/arguments.js'
import { booksOf } from './lib/books.js'
import { findEvidence } from './lib/evidence.js'
import { stayAlive } from './lib/live.js'
import { createPaint, ServiceColours, showsColours } from './lib/paint.js'
import { Progress } from './lib/progress.js'
import {
  booksReport,
  heading,
  noticesReport,
  ownMetricsReport,
  requestReport,
  routesReport,
  verdict,
} from './lib/report.js'
import { routeRows } from './lib/routes.js'
import { Stage } from './lib/stage.js'
import { table } from './lib/table.js'
import { sendTraffic } from './lib/traffic.js'

const REQUESTS = 300
const REQUESTS_PER_SECOND = 60
/** Wider than this, a line is hard to follow with the eye; narrower than the other, bars tell nothing. */
const MAX_WIDTH = 98
const MIN_WIDTH = 72
/** 128 + SIGINT, as shells have it: a demo that was interrupted has shown nothing. */
const INTERRUPTED = 130

const paint = createPaint(showsColours(process.stdout, process.env))
const canvas = {
  width: Math.max(MIN_WIDTH, Math.min(MAX_WIDTH, (process.stdout.columns ?? 100) - 2)),
  paint,
  colours: new ServiceColours(paint),
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  console.error(`\n${paint.red('the demo failed')}: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}

/** Resolves with the exit code. @param {readonly string[]} args */
async function main(args) {
  const { once, help, mistake } = parseArguments(args)
  if (mistake !== undefined) {
    process.stderr.write(`${mistake}\n\n${HELP}`)
    return 1
  }
  if (help) {
    process.stdout.write(HELP)
    return 0
  }
  const stopping = stopRequests()
  const stage = new Stage(process.env)
  try {
    await stage.start()
    return await Promise.race([perform(stage, once, stopping.signal), stage.broken()])
  } finally {
    // What goes on when a service has broken down is of no use any more.
    stopping.abort()
    await stage.stop()
  }
}

/** Aborted when the demo is to stop. Asked once more a second later, it ends at once, and everything it started with it. */
function stopRequests() {
  const stopping = new AbortController()
  let askedAt = 0
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(name, () => {
      // Not sooner: a Ctrl-C comes from the terminal, and again from each runner that the demo was started through.
      if (stopping.signal.aborted && performance.now() - askedAt > 1_000) process.exit(INTERRUPTED)
      askedAt = performance.now()
      stopping.abort()
    })
  }
  return stopping
}

/** Resolves with the exit code. @param {Stage} stage @param {boolean} once @param {AbortSignal} signal */
async function perform(stage, once, signal) {
  print(welcome(stage))
  const complete = await show(stage, signal)
  if (signal.aborted) return INTERRUPTED
  if (once) return complete ? 0 : 1
  print(invitation(stage))
  await stayAlive(stage, { print, canvas, sent: REQUESTS, signal })
  print(['', 'stopping: the services send what they hold …'])
  return 0
}

/** Sends the traffic and shows what came out; whether the failing request is complete. @param {Stage} stage @param {AbortSignal} signal */
async function show(stage, signal) {
  const { gateway } = stage
  if (gateway === undefined) return false
  const before = await stage.scrape()
  const start = performance.now()
  const progress = new Progress({ stream: process.stdout, paint, total: REQUESTS, indent: '  ' })
  await sendTraffic({
    url: gateway.url,
    from: 0,
    to: REQUESTS,
    perSecond: REQUESTS_PER_SECOND,
    signal,
    onAnswer: (status) => progress.answered(status),
  })
  if (signal.aborted) return false
  const seconds = (performance.now() - start) / 1_000
  const outputs = await stage.settled()
  const evidence = findEvidence(outputs)
  const routes = [...outputs.metrics].flatMap(([service, samples]) =>
    routeRows(service, before.get(service) ?? [], samples, seconds),
  )
  const urls = new Map(stage.services.map(({ name, url }) => [name, url]))
  const world = {
    services: outputs.services,
    spansAt: stage.spansAt,
    urlOf: (/** @type {string} */ name) => urls.get(name) ?? '',
  }
  print([
    ...requestReport(evidence, world, canvas),
    ...routesReport(routes, canvas),
    ...ownMetricsReport(outputs.metrics, 'shop_', canvas),
    ...booksReport(booksOf(outputs), canvas),
    ...noticesReport(outputs.logs, canvas),
    ...verdict(evidence, canvas),
  ])
  return evidence.missing.length === 0
}

/** What runs, and where. @param {Stage} stage */
function welcome(stage) {
  const what = { gateway: 'Express 5', orders: 'Fastify 5', receiver: 'takes OTLP' }
  const rows = stage.programs.map(({ name, url, pid }) => [
    { text: name, brush: canvas.colours.of(name) },
    { text: what[/** @type {keyof typeof what} */ (name)] },
    { text: url },
    { text: `pid ${pid}`, brush: paint.dim },
  ])
  const columns = ['process', 'what it is', 'URL', ''].map((title) => ({ title }))
  return [
    ...heading('Triscope demo', 'two services, one line of Triscope in each', canvas),
    ...table(columns, rows, paint),
    '',
  ]
}

/** What a reader can do now. @param {Stage} stage */
function invitation({ gateway, orders, receiver }) {
  const rows = [
    ['fails', `curl ${gateway?.url}/orders/13`],
    ['is slow', `curl ${gateway?.url}/orders/7`],
    ['in your trace', "curl -H 'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' \\"],
    ['', `     ${gateway?.url}/orders/1`],
    ['metrics', `${gateway?.url}/metrics   ${orders?.url}/metrics`],
    ...(receiver === undefined ? [] : [['spans as JSON', `${receiver.url}/spans`]]),
  ]
  return [
    ...heading('Now yours', 'what you request is shown here; Ctrl-C stops', canvas),
    ...rows.map(([what = '', how = '']) => `${what.padEnd(16)}${how}`),
  ]
}

/** Two columns of margin, and no spaces at the end of a line. @param {readonly string[]} lines */
function print(lines) {
  process.stdout.write(lines.map((line) => `${line === '' ? '' : '  '}${line}\n`).join(''))
}
