/** Starts and stops the metrics of the runtime: process, event loop, heap and garbage collection. */
import {
  processSlot,
  type RoomOptions,
  rejectOption,
  rejectUnknownKeys,
  systemClock,
  TriscopeError,
} from '@triscope/core'
import { EventLoopLag } from './event-loop-lag.ts'
import { GcDuration } from './gc-duration.ts'
import { nodeMetrics } from './node-metrics.ts'
import { processMetrics } from './process-metrics.ts'
import type { Registry } from './registry.ts'
import { semconvMetrics } from './runtime-semconv.ts'

/** Whose names the metrics of the runtime have. */
export type RuntimeNaming = 'prom-client' | 'semconv'

export interface RuntimeMetricsOptions {
  /**
   * `prom-client`: the names of its default metrics (`process_*`, `nodejs_*`), for which dashboards exist.
   * `semconv`: OpenTelemetry's semantic conventions 1.45 (`process.*`, `nodejs.*`, `v8js.*`) in their Prometheus form.
   * @default 'prom-client'
   */
  naming?: RuntimeNaming
}

interface Running {
  readonly naming: RuntimeNaming
  users: number
  end(): void
}

/**
 * Adds the metrics of the runtime to the registry, under prom-client 15's names, and `nodejs_eventloop_utilization_ratio`
 * and `nodejs_heap_size_limit_bytes` besides; or under OpenTelemetry's. Started twice on one registry they run once,
 * until the last user stops. Nothing of it keeps the process alive. The returned function stops it; it is safe twice.
 * Throws `TRI_ERR_OPTION`, also when they run under the other names already, and `TRI_ERR_UNKNOWN_OPTION`.
 */
export function startRuntimeMetrics(
  registry: Registry,
  options: RuntimeMetricsOptions & RoomOptions = {},
): () => void {
  rejectUnknownKeys('', options, ['naming', 'diagnostics', 'clock', 'env'])
  const { naming = 'prom-client' } = options
  if (naming !== 'prom-client' && naming !== 'semconv') {
    rejectOption('naming', '"prom-client" or "semconv"', naming)
  }
  const all = processSlot('metrics.runtime', () => new WeakMap<Registry, Running>())
  const there = all.get(registry)
  if (there !== undefined && there.naming !== naming) {
    throw new TriscopeError(
      'TRI_ERR_OPTION',
      `naming: the metrics of the runtime are in this registry under the names of ${there.naming} already, and cannot be ${naming}'s too`,
      { hint: 'name the same one in both places, or use another registry' },
    )
  }
  const running = there ?? start(registry, naming, options)
  all.set(registry, running)
  running.users++
  let stopped = false
  return () => {
    if (stopped) return
    stopped = true
    if (--running.users > 0) return
    all.delete(registry)
    running.end()
  }
}

function start(registry: Registry, naming: RuntimeNaming, options: RoomOptions): Running {
  const lag = new EventLoopLag(options.clock ?? systemClock, () => registry.busyMs())
  const gc = new GcDuration(registry, naming)
  const sources = naming === 'semconv' ? [semconvMetrics(lag)] : [processMetrics(), lag, nodeMetrics()]
  const detach = sources.map((source) => registry.attach(source))
  return {
    naming,
    users: 0,
    end() {
      for (const fn of detach) fn()
      lag.stop()
      gc.stop()
    },
  }
}
