/**
 * The names of all metrics this room emits, written once. Those of the runtime are prom-client 15's, so that the
 * dashboards people have keep working.
 */
export const METRIC = {
  collectorErrors: 'triscope_scrape_collector_errors_total',
  cpuUser: 'process_cpu_user_seconds_total',
  cpuSystem: 'process_cpu_system_seconds_total',
  cpu: 'process_cpu_seconds_total',
  startTime: 'process_start_time_seconds',
  residentMemory: 'process_resident_memory_bytes',
  virtualMemory: 'process_virtual_memory_bytes',
  processHeap: 'process_heap_bytes',
  openFds: 'process_open_fds',
  maxFds: 'process_max_fds',
  lag: 'nodejs_eventloop_lag_seconds',
  lagMin: 'nodejs_eventloop_lag_min_seconds',
  lagMax: 'nodejs_eventloop_lag_max_seconds',
  lagMean: 'nodejs_eventloop_lag_mean_seconds',
  lagStddev: 'nodejs_eventloop_lag_stddev_seconds',
  lagP50: 'nodejs_eventloop_lag_p50_seconds',
  lagP90: 'nodejs_eventloop_lag_p90_seconds',
  lagP99: 'nodejs_eventloop_lag_p99_seconds',
  utilization: 'nodejs_eventloop_utilization_ratio',
  resources: 'nodejs_active_resources',
  resourcesTotal: 'nodejs_active_resources_total',
  handles: 'nodejs_active_handles',
  handlesTotal: 'nodejs_active_handles_total',
  requests: 'nodejs_active_requests',
  requestsTotal: 'nodejs_active_requests_total',
  heapTotal: 'nodejs_heap_size_total_bytes',
  heapUsed: 'nodejs_heap_size_used_bytes',
  heapLimit: 'nodejs_heap_size_limit_bytes',
  external: 'nodejs_external_memory_bytes',
  spaceTotal: 'nodejs_heap_space_size_total_bytes',
  spaceUsed: 'nodejs_heap_space_size_used_bytes',
  spaceAvailable: 'nodejs_heap_space_size_available_bytes',
  versionInfo: 'nodejs_version_info',
  gcDuration: 'nodejs_gc_duration_seconds',
  target: 'target_info',
  series: 'triscope_metric_series',
  seriesLimit: 'triscope_metric_series_limit',
  seriesOverflow: 'triscope_metric_series_overflow_total',
  labelValues: 'triscope_metric_label_values',
  written: 'triscope_metric_families',
  labelValuesCut: 'triscope_metric_label_values_cut_total',
} as const

/** The runtime's names where OpenTelemetry's are asked for. Semantic conventions 1.45, in their Prometheus form. */
export const SEMCONV_METRIC = {
  cpuTime: 'process_cpu_time_seconds_total',
  memoryUsage: 'process_memory_usage_bytes',
  memoryVirtual: 'process_memory_virtual_bytes',
  fileDescriptors: 'process_unix_file_descriptor_count',
  threads: 'process_thread_count',
  uptime: 'process_uptime_seconds',
  contextSwitches: 'process_context_switches_total',
  pageFaults: 'process_paging_faults_total',
  delay: {
    min: 'nodejs_eventloop_delay_min_seconds',
    max: 'nodejs_eventloop_delay_max_seconds',
    mean: 'nodejs_eventloop_delay_mean_seconds',
    stddev: 'nodejs_eventloop_delay_stddev_seconds',
    p50: 'nodejs_eventloop_delay_p50_seconds',
    p90: 'nodejs_eventloop_delay_p90_seconds',
    p99: 'nodejs_eventloop_delay_p99_seconds',
  },
  utilization: 'nodejs_eventloop_utilization_ratio',
  time: 'nodejs_eventloop_time_seconds_total',
  gcDuration: 'v8js_gc_duration_seconds',
  heapUsed: 'v8js_memory_heap_used_bytes',
  heapSize: 'v8js_memory_heap_space_size_bytes',
  heapAvailable: 'v8js_memory_heap_space_available_size_bytes',
  heapPhysical: 'v8js_memory_heap_space_physical_size_bytes',
  resources: 'v8js_resource_active',
} as const

/** The attributes of these metrics, as labels. */
export const SEMCONV_LABEL = {
  cpuMode: 'cpu_mode',
  switchType: 'process_context_switch_type',
  faultType: 'system_paging_fault_type',
  loopState: 'nodejs_eventloop_state',
  gcType: 'v8js_gc_type',
  heapSpace: 'v8js_heap_space_name',
  resourceType: 'v8js_resource_type',
} as const

const PROM_CLIENT_RUNTIME: ReadonlySet<string> = new Set<string>(
  Object.values(METRIC).filter((name) => name.startsWith('process_') || name.startsWith('nodejs_')),
)

/** Whether both we and prom-client call a metric of the runtime so. */
export function isPromClientRuntimeName(name: string): boolean {
  return PROM_CLIENT_RUNTIME.has(name)
}
