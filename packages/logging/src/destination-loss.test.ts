/** What becomes of lines whose destination fails: each is counted, once, and none ends the app. */
import { EventEmitter } from 'node:events'
import { Writable } from 'node:stream'
import { createDiagnostics } from '@triscope/core'
import { describe, expect, it } from 'vitest'
import { createLogging, type LogDestination } from './index.ts'

function loggingTo(destination: LogDestination) {
  const diagnostics = createDiagnostics({ onMessage: () => {} })
  const { logger, shutdown } = createLogging({ destination, diagnostics })
  const lost = (): number =>
    diagnostics.snapshot().find(({ labels }) => labels['reason'] === 'WRITE_FAILED')?.value ?? 0
  return { logger, shutdown, lost }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))
const full = () => Object.assign(new Error('no space left'), { code: 'ENOSPC' })

describe('a destination that fails', () => {
  it('has every line counted that a Writable lost by its one error, before and after it', async () => {
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(full()) })
    const { logger, lost } = loggingTo(stream)
    for (let i = 0; i < 4; i++) logger.info({ i }, 'line')
    await turn()
    expect(lost()).toBe(4)
    for (let i = 0; i < 6; i++) logger.info({ i }, 'line')
    await turn()
    expect(lost()).toBe(10)
  })

  it('has lines counted that waited behind the one that failed', async () => {
    const dones: ((error: Error) => void)[] = []
    const stream = new Writable({ write: (_chunk, _encoding, done) => void dones.push(done) })
    const { logger, lost } = loggingTo(stream)
    for (let i = 0; i < 3; i++) logger.info('line')
    expect(lost()).toBe(0)
    dones[0]?.(full())
    await turn()
    expect(lost()).toBe(3)
  })

  it('has lines counted that a Writable would keep for ever, failed and not destroyed', async () => {
    const stream = new Writable({ autoDestroy: false, write: (_chunk, _encoding, done) => done(full()) })
    const { logger, lost } = loggingTo(stream)
    for (let i = 0; i < 3; i++) {
      logger.info({ i }, 'line')
      await turn()
    }
    expect(lost()).toBe(3)
    expect(stream.writableLength).toBe(0)
  })

  it('has lines counted that come after its end', async () => {
    const stream = new Writable({ write: (_chunk, _encoding, done) => done() })
    const { logger, lost } = loggingTo(stream)
    logger.info('one')
    stream.end()
    logger.info('two')
    await turn()
    logger.info('three')
    await turn()
    expect(lost()).toBe(2)
  })

  it('has the lines counted whose async write rejects, and the process lives', async () => {
    const { logger, lost } = loggingTo({
      write: async () => {
        throw full()
      },
    })
    logger.info('one')
    logger.info('two')
    await turn()
    expect(lost()).toBe(2)
  })

  it('has an error event counted where nothing else tells of the line', async () => {
    const stream = Object.assign(new EventEmitter(), { write: () => true })
    const { logger, lost } = loggingTo(stream)
    logger.info('one')
    stream.emit('error', full())
    expect(lost()).toBe(1)
  })

  it('counts a line once where both the callback and the event tell of it', async () => {
    const stream = new Writable({
      autoDestroy: false,
      emitClose: false,
      write: (_chunk, _encoding, done) => done(full()),
    })
    const { logger, lost } = loggingTo(stream)
    logger.info('one')
    await turn()
    expect(lost()).toBe(1)
    stream.emit('error', full())
    expect(lost()).toBe(2)
  })

  it('is called with the line alone where it is no Writable', () => {
    const given: unknown[][] = []
    const { logger } = loggingTo({ write: (...all: unknown[]) => given.push(all) })
    logger.info('one')
    expect(given.map(({ length }) => length)).toEqual([1])
  })
})
