/** Starts and stops the metrics of the runtime: process, event loop, heap and garbage collection. */
import { processSlot, type RoomOptions, systemClock } from '@triscope/core'
import { EventLoopLag } from './event-loop-lag.ts'
import { GcDuration } from './gc-duration.ts'
import { nodeMetrics } from './node-metrics.ts'
import { processMetrics } from './process-metrics.ts'
import type { Registry } from './registry.ts'

interface Running {
  users: number
  end(): void
}

/**
 * Adds the metrics of the runtime to the registry, under prom-client 15's names, and `nodejs_eventloop_utilization_ratio`
 * and `nodejs_heap_size_limit_bytes` besides. Started twice on one registry they run once, until the last user stops.
 * Nothing of it keeps the process alive. The returned function stops it; it is safe twice.
 */
export function startRuntimeMetrics(registry: Registry, options: RoomOptions = {}): () => void {
  const all = processSlot('metrics.runtime', () => new WeakMap<Registry, Running>())
  const running = all.get(registry) ?? start(registry, options)
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

function start(registry: Registry, options: RoomOptions): Running {
  const lag = new EventLoopLag(options.clock ?? systemClock, () => registry.busyMs())
  const gc = new GcDuration(registry)
  const detach = [processMetrics(), lag, nodeMetrics()].map((source) => registry.attach(source))
  return {
    users: 0,
    end() {
      for (const fn of detach) fn()
      lag.stop()
      gc.stop()
    },
  }
}
