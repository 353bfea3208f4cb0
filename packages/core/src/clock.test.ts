import { describe, expect, it, vi } from 'vitest'
import { systemClock } from './index.ts'

describe('the machine clock', () => {
  it('tells wall time close to the machine, with fractions, and follows it when it is set', () => {
    expect(Math.abs(systemClock.wallMs() - Date.now())).toBeLessThan(1_000)
    const hourAhead = Date.now() + 3_600_000
    const spy = vi.spyOn(Date, 'now').mockReturnValue(hourAhead)
    expect(systemClock.wallMs()).toBe(hourAhead)
    spy.mockRestore()
    expect(Math.abs(systemClock.wallMs() - Date.now())).toBeLessThan(1_000)
  })

  it('never runs its monotonic time backwards', () => {
    const first = systemClock.monotonicMs()
    expect(systemClock.monotonicMs()).toBeGreaterThanOrEqual(first)
  })

  it('calls a timer once, unless it was cancelled', async () => {
    let calls = 0
    const cancelled = systemClock.timer(0, () => calls++)
    cancelled.cancel()
    cancelled.cancel()
    await new Promise<void>((resolve) => {
      systemClock.timer(1, () => {
        calls += 10
        setImmediate(resolve)
      })
      // The timer does not hold the process, so something else must while the test waits.
      setTimeout(() => {}, 50)
    })
    expect(calls).toBe(10)
  })
})
