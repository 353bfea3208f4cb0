/**
 * How late the event loop runs what is due.
 *
 * Invariant: what our own scrape costs is not in it. A timer is due every 50 ms; it measures how late it ran, less
 * the time the registry spent meanwhile on collecting and rendering. `monitorEventLoopDelay` cannot do that: it
 * counts each block, whoever caused it, and forgets everything when it is paused.
 *
 * The figures are of the last minute, whoever asks: two scrapers that ask in turn see the same, and neither resets
 * what the other was about to read.
 */
import type { Clock } from '@triscope/core'
import { METRIC } from './semconv.ts'
import type { MetricSink, MetricSource } from './source.ts'

/**
 * 20 wake-ups a second. Where the process is idle each costs some 100 µs, most of it the kernel's, 2 ms in a second;
 * prom-client's 100 cost 6 (bench/micro/runtime.mjs). Every block that is longer than this is seen, of shorter ones a share.
 */
const INTERVAL_MS = 50
/** One minute: longer than the usual scrape interval, so that no block falls between two scrapes. */
const WINDOW = 60_000 / INTERVAL_MS

/** Of the last minute, in seconds; all 0 before the first sample. */
export interface LagFigures {
  /** When last measured. */
  readonly last: number
  readonly min: number
  readonly max: number
  readonly mean: number
  readonly stddev: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
}

/** A sampler that runs until it is stopped; it never keeps the process alive. */
export class EventLoopLag implements MetricSource {
  readonly name = 'event loop lag'
  readonly #clock: Clock
  readonly #ownBusyMs: () => number
  /** A ring; `#next` is where the next sample goes. */
  readonly #samplesMs: Float64Array = new Float64Array(WINDOW)
  #next = 0
  #filled = 0
  #lastMs = 0
  #dueMs = 0
  #busyAtStartMs = 0
  #timer: { cancel(): void } | undefined

  /** @param ownBusyMs how long our own scrapes have kept the loop busy, in all */
  constructor(clock: Clock, ownBusyMs: () => number) {
    this.#clock = clock
    this.#ownBusyMs = ownBusyMs
    this.#arm()
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  figures(): LagFigures {
    const sorted = this.#samplesMs.slice(0, this.#filled).sort()
    const count = sorted.length
    const sum = sorted.reduce((total, lag) => total + lag, 0)
    const mean = count === 0 ? 0 : sum / count
    const squares = sorted.reduce((total, lag) => total + (lag - mean) ** 2, 0)
    const quantile = (q: number): number => (sorted[Math.max(0, Math.ceil(q * count) - 1)] ?? 0) / 1000
    return {
      last: this.#lastMs / 1000,
      min: quantile(0),
      max: quantile(1),
      mean: mean / 1000,
      stddev: (count === 0 ? 0 : Math.sqrt(squares / count)) / 1000,
      p50: quantile(0.5),
      p90: quantile(0.9),
      p99: quantile(0.99),
    }
  }

  collect(to: MetricSink): void {
    const { last, min, max, mean, stddev, p50, p90, p99 } = this.figures()
    const gauge = (name: string, help: string, seconds: number): void => {
      to.family(name, 'gauge', help)
      to.point({}, seconds)
    }
    gauge(METRIC.lag, 'How late the event loop ran what was due, when last measured', last)
    gauge(METRIC.lagMin, 'Least event loop lag of the last minute', min)
    gauge(METRIC.lagMax, 'Greatest event loop lag of the last minute', max)
    gauge(METRIC.lagMean, 'Mean event loop lag of the last minute', mean)
    gauge(METRIC.lagStddev, 'Standard deviation of the event loop lag of the last minute', stddev)
    gauge(METRIC.lagP50, 'Median event loop lag of the last minute', p50)
    gauge(METRIC.lagP90, '90th percentile of the event loop lag of the last minute', p90)
    gauge(METRIC.lagP99, '99th percentile of the event loop lag of the last minute', p99)
  }

  #arm(): void {
    this.#dueMs = this.#clock.monotonicMs() + INTERVAL_MS
    this.#busyAtStartMs = this.#ownBusyMs()
    this.#timer = this.#clock.timer(INTERVAL_MS, this.#sample)
  }

  readonly #sample = (): void => {
    const ownMs = this.#ownBusyMs() - this.#busyAtStartMs
    const lateMs = Math.max(0, this.#clock.monotonicMs() - this.#dueMs - ownMs)
    this.#lastMs = lateMs
    this.#samplesMs[this.#next] = lateMs
    this.#next = (this.#next + 1) % WINDOW
    this.#filled = Math.min(WINDOW, this.#filled + 1)
    this.#arm()
  }
}
