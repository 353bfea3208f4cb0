/** How many CPUs this process may really use: those of the machine, those it is pinned to, and those a container allows. */
import { readFileSync } from 'node:fs'
import os from 'node:os'

/** CPUs, perhaps a part of one. Node 20 does not look at quotas of cgroups, so they are read here, of both versions. */
export function availableCpus(read: (path: string) => string | undefined = contentOf): number {
  return Math.min(os.availableParallelism(), quotaOf(read) ?? Number.POSITIVE_INFINITY)
}

const ROOT = '/sys/fs/cgroup'

function quotaOf(read: (path: string) => string | undefined): number | undefined {
  // In a container with a namespace of its own the path is `/`; elsewhere it leads to the group of the process.
  const group = /^0::(\/.*)$/m.exec(read('/proc/self/cgroup') ?? '')?.[1] ?? '/'
  const v2 = read(`${ROOT}${group === '/' ? '' : group}/cpu.max`) ?? read(`${ROOT}/cpu.max`)
  if (v2 !== undefined) return quotient(...(v2.trim().split(/\s+/) as [string, string?]))
  const quota = read(`${ROOT}/cpu/cpu.cfs_quota_us`)
  return quota === undefined ? undefined : quotient(quota, read(`${ROOT}/cpu/cpu.cfs_period_us`))
}

/** `max` and -1 are no limit. */
function quotient(quota: string, period = '100000'): number | undefined {
  const cpus = Number(quota) / Number(period)
  return cpus > 0 ? cpus : undefined
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // Another system, or none of our business: the machine's own count stands.
    return undefined
  }
}
