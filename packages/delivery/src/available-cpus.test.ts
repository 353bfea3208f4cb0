import os from 'node:os'
import { describe, expect, it } from 'vitest'
import { availableCpus } from './available-cpus.ts'

const machine = os.availableParallelism()
const cpus = (files: Record<string, string>): number => availableCpus((path) => files[path])

describe('available CPUs', () => {
  it('are those of the machine where no group limits them', () => {
    expect(cpus({})).toBe(machine)
    expect(cpus({ '/sys/fs/cgroup/cpu.max': 'max 100000\n' })).toBe(machine)
    expect(cpus({ '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n' })).toBe(machine)
    expect(cpus({ '/sys/fs/cgroup/cpu.max': 'nonsense' })).toBe(machine)
    expect(availableCpus()).toBeLessThanOrEqual(machine)
  })

  it('are the quota of the group, of both versions', () => {
    expect(cpus({ '/sys/fs/cgroup/cpu.max': '50000 100000\n' })).toBe(0.5)
    expect(
      cpus({
        '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '20000\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '50000\n',
      }),
    ).toBe(0.4)
    expect(
      cpus({
        '/proc/self/cgroup': '0::/app.slice/shop\n',
        '/sys/fs/cgroup/app.slice/shop/cpu.max': '100000 100000\n',
        '/sys/fs/cgroup/cpu.max': 'max 100000\n',
      }),
    ).toBe(1)
  })
})
