/**
 * What the operating system says of this process, under the names all Prometheus clients share.
 * Prometheus, "Writing client libraries", "Process metrics".
 */
import { readMaxFds, readProcessFacts } from './process-facts.ts'
import { METRIC } from './semconv.ts'
import type { MetricSink, MetricSource } from './source.ts'

/** Reads at each scrape. */
export function processMetrics(): MetricSource {
  const startTimeSeconds = Math.round(Date.now() / 1000 - process.uptime())
  const maxFds = readMaxFds()
  return {
    name: 'process',
    collect(to) {
      const facts = readProcessFacts()
      const { userSeconds: user, systemSeconds: system } = facts
      single(to, METRIC.cpuUser, 'counter', 'User CPU time spent, in seconds', user)
      single(to, METRIC.cpuSystem, 'counter', 'System CPU time spent, in seconds', system)
      single(to, METRIC.cpu, 'counter', 'User and system CPU time spent, in seconds', user + system)
      single(to, METRIC.startTime, 'gauge', 'When the process began, in seconds since 1970', startTimeSeconds)
      single(to, METRIC.residentMemory, 'gauge', 'Resident memory, in bytes', facts.residentBytes)
      single(to, METRIC.virtualMemory, 'gauge', 'Virtual memory, in bytes', facts.virtualBytes)
      single(to, METRIC.processHeap, 'gauge', 'Data segment of the process, in bytes', facts.dataBytes)
      single(to, METRIC.openFds, 'gauge', 'Open file descriptors', facts.openFds)
      single(to, METRIC.maxFds, 'gauge', 'File descriptors the process may open', maxFds)
    },
  }
}

/** One family with one series, or nothing where the platform does not say. */
function single(
  to: MetricSink,
  name: string,
  type: 'counter' | 'gauge',
  help: string,
  value: number | undefined,
): void {
  if (value === undefined) return
  to.family(name, type, help)
  to.point({}, value)
}
