/** What Node.js and V8 say of themselves: heap, heap spaces, what keeps the loop alive, how busy it is, the version. */
import { type EventLoopUtilization, performance } from 'node:perf_hooks'
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8'
import { METRIC } from './semconv.ts'
import type { MetricSink, MetricSource } from './source.ts'

/** Reads at each scrape. */
export function nodeMetrics(): MetricSource {
  let before: EventLoopUtilization = performance.eventLoopUtilization()
  return {
    name: 'node',
    collect(to) {
      const now = performance.eventLoopUtilization()
      const { utilization } = performance.eventLoopUtilization(now, before)
      before = now
      single(
        to,
        METRIC.utilization,
        'Share of time the event loop was busy since the last scrape',
        utilization,
      )
      collectHeap(to)
      collectActive(to)
      collectVersion(to)
    },
  }
}

function single(to: MetricSink, name: string, help: string, value: number): void {
  to.family(name, 'gauge', help)
  to.point({}, value)
}

function collectHeap(to: MetricSink): void {
  const { heapTotal, heapUsed, external } = process.memoryUsage()
  single(to, METRIC.heapTotal, 'V8 heap reserved, in bytes', heapTotal)
  single(to, METRIC.heapUsed, 'V8 heap in use, in bytes', heapUsed)
  single(to, METRIC.heapLimit, 'What the V8 heap may grow to, in bytes', getHeapStatistics().heap_size_limit)
  single(to, METRIC.external, 'Memory of objects outside of the V8 heap, in bytes', external)
  const spaces = getHeapSpaceStatistics().map((space) => ({
    labels: { space: space.space_name.replace(/_space$/, '') },
    total: space.space_size,
    used: space.space_used_size,
    available: space.space_available_size,
  }))
  to.family(METRIC.spaceTotal, 'gauge', 'Size of each V8 heap space, in bytes')
  for (const { labels, total } of spaces) to.point(labels, total)
  to.family(METRIC.spaceUsed, 'gauge', 'Size of each V8 heap space in use, in bytes')
  for (const { labels, used } of spaces) to.point(labels, used)
  to.family(METRIC.spaceAvailable, 'gauge', 'Size of each V8 heap space still free, in bytes')
  for (const { labels, available } of spaces) to.point(labels, available)
}

/** Node's own lists, without documentation but there since Node 0.x; left out should they ever go. */
interface ProcessLists {
  _getActiveHandles?: () => readonly object[]
  _getActiveRequests?: () => readonly object[]
}

function collectActive(to: MetricSink): void {
  const lists = process as unknown as ProcessLists
  const handles = lists._getActiveHandles?.()
  const requests = lists._getActiveRequests?.()
  const resources = process.getActiveResourcesInfo()
  counted(to, METRIC.resources, METRIC.resourcesTotal, 'Resources that keep the event loop alive', resources)
  if (handles !== undefined) {
    counted(to, METRIC.handles, METRIC.handlesTotal, 'Active libuv handles', handles.map(className))
  }
  if (requests !== undefined) {
    counted(to, METRIC.requests, METRIC.requestsTotal, 'Active libuv requests', requests.map(className))
  }
}

function className(item: object): string {
  return item.constructor?.name ?? 'Object'
}

function counted(
  to: MetricSink,
  name: string,
  totalName: string,
  help: string,
  types: readonly string[],
): void {
  const counts = new Map<string, number>()
  for (const type of types) counts.set(type, (counts.get(type) ?? 0) + 1)
  to.family(name, 'gauge', `${help}, by type`)
  for (const [type, count] of counts) to.point({ type }, count)
  single(to, totalName, help, types.length)
}

function collectVersion(to: MetricSink): void {
  const [major = '', minor = '', patch = ''] = process.versions.node.split('.')
  to.family(METRIC.versionInfo, 'gauge', 'Version of Node.js')
  to.point({ version: process.version, major, minor, patch }, 1)
}
