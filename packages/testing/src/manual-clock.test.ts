import { describe, expect, it } from 'vitest'
import { createManualClock } from './index.ts'

describe('manual clock', () => {
  it('runs timers in the order they are due, and equal ones in the order they were set', async () => {
    const clock = createManualClock(0)
    const ran: string[] = []
    clock.timer(20, () => ran.push(`b@${clock.monotonicMs()}`))
    clock.timer(10, () => ran.push(`a@${clock.monotonicMs()}`))
    clock.timer(20, () => ran.push(`c@${clock.monotonicMs()}`))
    clock.timer(31, () => ran.push('late'))
    await clock.advance(30)
    expect(ran).toEqual(['a@10', 'b@20', 'c@20'])
    expect(clock.monotonicMs()).toBe(30)
    expect(clock.timers).toBe(1)
  })

  it('runs timers that promises of other timers set within the time that passes', async () => {
    const clock = createManualClock(0)
    const ran: number[] = []
    clock.timer(10, () => {
      void Promise.resolve().then(() => clock.timer(5, () => ran.push(clock.monotonicMs())))
    })
    await clock.advance(100)
    expect(ran).toEqual([15])
  })

  it('does not run what was cancelled', async () => {
    const clock = createManualClock()
    let ran = false
    clock
      .timer(1, () => {
        ran = true
      })
      .cancel()
    await clock.advance(10)
    expect(ran).toBe(false)
  })

  it('sets the wall clock without touching monotonic time', async () => {
    const clock = createManualClock(1_000)
    await clock.advance(5)
    clock.setWall(500)
    expect(clock.wallMs()).toBe(500)
    expect(clock.monotonicMs()).toBe(5)
    await clock.advance(10)
    expect(clock.wallMs()).toBe(510)
  })
})
