import { createManualClock } from '@triscope/testing'
import { describe, expect, it } from 'vitest'
import { recordLines } from './line-recorder.fixture.ts'

describe('levels at run time', () => {
  it('reach loggers of a name that exist, and their children, and return by themselves', async () => {
    const clock = createManualClock()
    const { logging, lines } = recordLines({ clock } as never)
    const billing = logging.getLogger('billing')
    const child = billing.child({ order: 7 })
    const other = logging.getLogger('other')
    logging.setLevel('billing', 'debug', { forMs: 60_000 })
    for (const logger of [billing, child, other]) logger.debug('seen')
    expect(lines().map((line) => [line['logger'], line['order']])).toEqual([
      ['billing', undefined],
      ['billing', 7],
    ])
    await clock.advance(59_999)
    child.debug('still')
    await clock.advance(1)
    child.debug('no more')
    expect(lines().map((line) => line['msg'])).toEqual(['seen', 'seen', 'still'])
  })

  it('overlap, and return to the level before the first', async () => {
    const clock = createManualClock()
    const { logging } = recordLines({ clock } as never)
    const log = logging.getLogger('a')
    logging.setLevel('a', 'debug', { forMs: 1_000 })
    await clock.advance(500)
    logging.setLevel('a', 'trace', { forMs: 1_000 })
    await clock.advance(999)
    expect(log.level).toBe('trace')
    await clock.advance(1)
    expect(log.level).toBe('info')
  })

  it('hold for loggers made later, and for all where no name is given', async () => {
    const { logging } = recordLines()
    logging.setLevel('later', 'error')
    expect(logging.getLogger('later').level).toBe('error')
    const early = logging.getLogger('early')
    logging.setLevel(undefined, 'trace')
    expect([logging.logger.level, early.level]).toEqual(['trace', 'trace'])
    await logging.shutdown()
  })

  it('for all, reach children that follow their parent, and leave alone one that was given a level of its own', () => {
    const { logging } = recordLines()
    const plain = logging.logger.child({ part: 1 })
    const own = logging.logger.child({ part: 2 }, { level: 'debug' })
    logging.setLevel(undefined, 'error')
    expect([plain.level, own.level]).toEqual(['error', 'debug'])
    expect([plain.isLevelEnabled('warn'), own.isLevelEnabled('debug')]).toEqual([false, true])
  })

  it('refuse a level or a time that is none', () => {
    const { logging } = recordLines()
    expect(() => logging.setLevel('a', 'loud')).toThrow('got "loud"')
    expect(() => logging.setLevel('a', 'debug', { forMs: 0 })).toThrow('forMs')
  })
})
