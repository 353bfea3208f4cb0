/**
 * One row of one framework as a running server that has been seen to do its work: spans at the collector, series on
 * `/metrics`, lines on standard output. Between its windows the server is stopped, so that it disturbs nobody.
 */
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { requestCount } from '../lib/exposition.mjs'
import { SERVER_CPU, start } from '../lib/remote.mjs'

const PROBES = 20
/** dd-trace sends every two seconds, and has no call that makes it. */
const DD_SEND_MS = 2_300

/** Starts the server of `row` and counts what single requests produce. */
export async function startRow(framework, row, handler, world) {
  const folder = mkdtempSync(join(tmpdir(), 'triscope-bench-'))
  const logPath = join(folder, 'stdout')
  const server = await start(fileURLToPath(new URL('server.mjs', import.meta.url)), {
    args: [framework, row.as ?? row.id],
    cpu: SERVER_CPU,
    stdout: openSync(logPath, 'a'),
    env: {
      ...(row.injectUs === undefined ? {} : { BENCH_INJECT_US: String(row.injectUs) }),
      BENCH_COLLECTOR: world.collectorUrl,
      BENCH_UPSTREAM: world.upstreamUrl,
      // The agent is ours, and nothing else is to be sent anywhere.
      DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
      DD_REMOTE_CONFIGURATION_ENABLED: 'false',
    },
  })
  const { port } = server.ready
  const produced = new Produced(row)

  /** Sends all that is queued; the spans that the collector got since the last time. */
  async function takeSpans() {
    await server.call('flush')
    if (row.parts.dd === true) await sleep(DD_SEND_MS)
    return world.collector.call('take')
  }

  async function countedRequests() {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`)
    return requestCount(await answer.text(), handler.prefix)
  }

  let sent = 0
  async function load(how) {
    const done = await world.generator.call('run', { port, path: handler.path, ...how })
    sent += done.requests
    return done
  }
  const lines = () => readFileSync(logPath, 'latin1').split('\n').length - 1

  /** A few requests, one after the other. Whatever they do not produce, the row does not do. */
  async function probe() {
    await server.call('logTo', logPath)
    const countedBefore = row.series === true ? await countedRequests() : 0
    // A scrape is a request, too: what it left is not counted.
    await takeSpans()
    const linesBefore = lines()
    const { failed } = await load({ connections: 1, requests: PROBES })
    produced.probed(PROBES, failed, {
      spans: (await takeSpans()) / PROBES,
      lines: (lines() - linesBefore) / PROBES,
      series: row.series === true ? (await countedRequests()) - countedBefore : 0,
    })
    await server.call('logTo', '/dev/null')
  }

  await probe()
  return {
    row,
    server,
    load,
    sent: () => sent,
    takeSpans,
    countedRequests,
    probe,
    produced,
    stop,
    samples: [],
  }

  async function stop() {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What one row was seen to produce, and what it lost. */
export class Produced {
  #row
  #sent = 0
  #expected = 0
  #received = 0
  perRequest = { spans: 0, lines: 0 }
  complaints = []

  constructor(row) {
    this.#row = row
  }

  /** @param series how many of the requests the row's own metrics counted */
  probed(requests, failed, { spans, lines, series }) {
    const { at = 1 } = this.#row.parts
    if (failed > 0) this.complaints.push(`${failed} of ${requests} requests failed`)
    // Below 100 % the share is checked over the whole load instead.
    if (this.#row.spans === true && at === 1 && (spans < 1 || !Number.isInteger(spans))) {
      this.complaints.push(`${spans} spans per request`)
    }
    if (this.#row.spans !== true && spans > 0)
      this.complaints.push(`${spans} spans per request, not asked for`)
    if (this.#row.lines === true && lines < 1) this.complaints.push(`${lines} lines per request`)
    if (this.#row.lines !== true && lines > 0)
      this.complaints.push(`${lines} lines per request, not asked for`)
    if (this.#row.series === true && series !== requests) {
      this.complaints.push(`its metrics counted ${series} of ${requests} requests`)
    }
    this.perRequest = { spans, lines }
  }

  /** One window under load. */
  loaded({ requests, failed }, spans) {
    if (failed > 0) this.complaints.push(`${failed} of ${requests} requests failed under load`)
    this.#sent += requests
    this.#received += spans
    this.#expected += requests * this.perRequest.spans
  }

  /** How many of all requests the row's own metrics counted, which must be all of them. */
  counted(requests, series) {
    if (this.#row.series === true && series !== requests) {
      this.complaints.push(`its metrics counted ${series} of ${requests} requests under load`)
    }
  }

  /** @returns `{ spans, lines, lost }` per request, and what is to be said about the row, or an empty text */
  report() {
    const { at = 1 } = this.#row.parts
    const spans = this.#row.spans === true ? this.#received / this.#sent : 0
    if (this.#row.spans === true && at === 1 && this.#received !== this.#expected) {
      const share = (100 * (1 - this.#received / this.#expected)).toFixed(2)
      this.complaints.push(`lost ${share} % of its spans`)
    }
    return { spans, lines: this.perRequest.lines, said: [...new Set(this.complaints)].join('; ') }
  }
}
