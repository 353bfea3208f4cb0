/**
 * What the operating system says of this process, under the names all Prometheus clients share.
 * Prometheus, "Writing client libraries", "Process metrics".
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { METRIC } from './semconv.ts'
import type { MetricSink, MetricSource } from './source.ts'

/** Reads at each scrape; `/proc` is memory of the kernel, so reading it does not wait for a disk. */
export function processMetrics(): MetricSource {
  const startTimeSeconds = Math.round(Date.now() / 1000 - process.uptime())
  const maxFds = process.platform === 'linux' ? readMaxFds() : undefined
  return {
    name: 'process',
    collect(to) {
      const { user, system } = process.cpuUsage()
      single(to, METRIC.cpuUser, 'counter', 'User CPU time spent, in seconds', user / 1e6)
      single(to, METRIC.cpuSystem, 'counter', 'System CPU time spent, in seconds', system / 1e6)
      single(to, METRIC.cpu, 'counter', 'User and system CPU time spent, in seconds', (user + system) / 1e6)
      single(to, METRIC.startTime, 'gauge', 'When the process began, in seconds since 1970', startTimeSeconds)
      collectMemory(to)
      single(to, METRIC.openFds, 'gauge', 'Open file descriptors', openFds())
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

function collectMemory(to: MetricSink): void {
  const status = process.platform === 'linux' ? readOrNothing('/proc/self/status') : undefined
  const resident = kibibytes(status, 'VmRSS') ?? process.memoryUsage.rss()
  single(to, METRIC.residentMemory, 'gauge', 'Resident memory, in bytes', resident)
  single(to, METRIC.virtualMemory, 'gauge', 'Virtual memory, in bytes', kibibytes(status, 'VmSize'))
  single(
    to,
    METRIC.processHeap,
    'gauge',
    'Data segment of the process, in bytes',
    kibibytes(status, 'VmData'),
  )
}

function kibibytes(status: string | undefined, field: string): number | undefined {
  const found = status === undefined ? null : new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)
  return found === null ? undefined : Number(found[1]) * 1024
}

function openFds(): number | undefined {
  if (process.platform !== 'linux') return undefined
  try {
    // From Linux 6.2 on the folder's size is their number; before, it is 0 and they must be listed.
    const { size } = statSync('/proc/self/fd')
    // Less the one that listing takes.
    return size > 0 ? size : readdirSync('/proc/self/fd').length - 1
  } catch {
    // No /proc here, as in some sandboxes: the metric is left out.
    return undefined
  }
}

function readMaxFds(): number | undefined {
  const found = /^Max open files\s+(\d+)/m.exec(readOrNothing('/proc/self/limits') ?? '')
  return found === null ? undefined : Number(found[1])
}

function readOrNothing(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // No /proc here, as in some sandboxes: the metric is left out.
    return undefined
  }
}
