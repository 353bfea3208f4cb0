// A process of its own: it turns on V8's `gc()`, and counts collections that tests beside it would cause.
import { constants, PerformanceObserver } from 'node:perf_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { createRegistry, startRuntimeMetrics } from './index.ts'

it('fault 7: of 18 collections in one burst, 18 are counted', async () => {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  const registry = createRegistry()
  const stop = startRuntimeMetrics(registry)
  // Made later, so told later: when it has seen all, ours has.
  let seen = 0
  let largestBurst = 0
  const observer = new PerformanceObserver((list) => {
    const entries = list.getEntries() as readonly unknown[] as readonly { detail: { kind: number } }[]
    const major = entries.filter(({ detail }) => detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR).length
    seen += major
    largestBurst = Math.max(largestBurst, major)
  })
  observer.observe({ entryTypes: ['gc'] })
  for (let i = 0; i < 18; i++) collectGarbage()
  while (seen < 18) await nextTurn()
  observer.disconnect()
  stop()
  expect(largestBurst).toBe(18)
  expect(await registry.text()).toContain(`nodejs_gc_duration_seconds_count{kind="major"} ${seen}\n`)
})
