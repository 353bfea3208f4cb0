/**
 * The runtime under OpenTelemetry's names: `nodejs.*`, `v8js.*` and `process.*` of the semantic conventions 1.45, as
 * "Prometheus and OpenMetrics Compatibility" maps them: dots become underscores, the unit is spelt out before the
 * type's suffix, a unit in braces is none, and a sum that can fall is a gauge.
 *
 * Not among them is what a query makes of another: utilizations of CPU and memory.
 */
import { performance } from 'node:perf_hooks'
import { getHeapSpaceStatistics } from 'node:v8'
import type { EventLoopLag } from './event-loop-lag.ts'
import { readProcessFacts } from './process-facts.ts'
import { SEMCONV_LABEL as LABEL, SEMCONV_METRIC as METRIC } from './semconv.ts'
import type { MetricSink, MetricSource } from './source.ts'

/** Reads at each scrape, but for what `lag` has measured. */
export function semconvMetrics(lag: EventLoopLag): MetricSource {
  let before = performance.eventLoopUtilization()
  return {
    name: 'runtime',
    collect(to) {
      collectProcess(to)
      collectDelay(to, lag)
      const now = performance.eventLoopUtilization()
      const { utilization } = performance.eventLoopUtilization(now, before)
      before = now
      gauge(to, METRIC.utilization, 'Event loop utilization since the last scrape', utilization)
      to.family(METRIC.time, 'counter', 'Time the event loop has been in each state', 'seconds')
      to.point({ [LABEL.loopState]: 'active' }, now.active / 1000)
      to.point({ [LABEL.loopState]: 'idle' }, now.idle / 1000)
      collectHeap(to)
      collectResources(to)
    },
  }
}

/** One family with one series, or nothing where the platform does not say. */
function gauge(to: MetricSink, name: string, help: string, value: number | undefined, unit?: string): void {
  if (value === undefined) return
  to.family(name, 'gauge', help, unit)
  to.point({}, value)
}

function collectProcess(to: MetricSink): void {
  const facts = readProcessFacts()
  const { majorPageFault, minorPageFault, voluntaryContextSwitches, involuntaryContextSwitches } =
    process.resourceUsage()
  to.family(METRIC.cpuTime, 'counter', 'CPU time by mode', 'seconds')
  to.point({ [LABEL.cpuMode]: 'user' }, facts.userSeconds)
  to.point({ [LABEL.cpuMode]: 'system' }, facts.systemSeconds)
  gauge(to, METRIC.memoryUsage, 'Physical memory in use', facts.residentBytes, 'bytes')
  gauge(to, METRIC.memoryVirtual, 'Committed virtual memory', facts.virtualBytes, 'bytes')
  gauge(to, METRIC.fileDescriptors, 'Open file descriptors', facts.openFds)
  gauge(to, METRIC.threads, 'Threads of the process', facts.threads)
  gauge(to, METRIC.uptime, 'Time the process has been running', process.uptime(), 'seconds')
  to.family(METRIC.contextSwitches, 'counter', 'Context switches by type')
  to.point({ [LABEL.switchType]: 'voluntary' }, voluntaryContextSwitches)
  to.point({ [LABEL.switchType]: 'involuntary' }, involuntaryContextSwitches)
  to.family(METRIC.pageFaults, 'counter', 'Page faults by type')
  to.point({ [LABEL.faultType]: 'major' }, majorPageFault)
  to.point({ [LABEL.faultType]: 'minor' }, minorPageFault)
}

function collectDelay(to: MetricSink, lag: EventLoopLag): void {
  const figures = lag.figures()
  for (const figure of ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'] as const) {
    gauge(
      to,
      METRIC.delay[figure],
      `Event loop delay of the last minute: ${figure}`,
      figures[figure],
      'seconds',
    )
  }
}

function collectHeap(to: MetricSink): void {
  const spaces = getHeapSpaceStatistics()
  const bySpace = (
    name: string,
    help: string,
    field: 'space_size' | 'space_used_size' | 'space_available_size' | 'physical_space_size',
  ): void => {
    to.family(name, 'gauge', help, 'bytes')
    for (const space of spaces) to.point({ [LABEL.heapSpace]: space.space_name }, space[field])
  }
  bySpace(METRIC.heapUsed, 'V8 heap in use by space', 'space_used_size')
  bySpace(METRIC.heapSize, 'Size of each V8 heap space', 'space_size')
  bySpace(METRIC.heapAvailable, 'Size of each V8 heap space still free', 'space_available_size')
  bySpace(METRIC.heapPhysical, 'Committed size of each V8 heap space', 'physical_space_size')
}

function collectResources(to: MetricSink): void {
  const counts = new Map<string, number>()
  for (const type of process.getActiveResourcesInfo()) counts.set(type, (counts.get(type) ?? 0) + 1)
  to.family(METRIC.resources, 'gauge', 'Resources that keep the event loop alive, by type')
  for (const [type, count] of counts) to.point({ [LABEL.resourceType]: type }, count)
}
