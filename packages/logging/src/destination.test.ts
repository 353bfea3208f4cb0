import { PassThrough, Writable } from 'node:stream'
import { createManualClock } from '@triscope/testing'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { createLogging } from './index.ts'
import { recordLines } from './line-recorder.fixture.ts'

describe('a destination of the app', () => {
  it('may throw: the line is counted, the app goes on', () => {
    const { logging, count } = recordLines({
      destination: {
        write() {
          throw new Error('closed')
        },
      },
    })
    logging.logger.info('a')
    logging.logger.fatal('b')
    logging.access({ method: 'GET' }, 'info')
    expect(count('triscope_telemetry_dropped_total', 'logs', 'WRITE_FAILED')).toBe(3)
    expect(count('triscope_telemetry_failures_total', 'TRI_ERR_LOG_DESTINATION')).toBe(3)
    expect(count('triscope_log_lines_total', 'info')).toBe(2)
  })

  it('may send an error event: it is counted until shutdown, which takes the listener away', async () => {
    const stream = new PassThrough()
    const { logging, count } = recordLines({ destination: stream })
    stream.emit('error', Object.assign(new Error('broken pipe'), { code: 'EPIPE' }))
    expect(count('triscope_telemetry_dropped_total', 'logs', 'WRITE_FAILED')).toBe(1)
    await logging.shutdown()
    expect(stream.listenerCount('error')).toBe(0)
  })

  it('is flushed: a Writable by its callback, a destination of pino by its flush', async () => {
    const waiting: (() => void)[] = []
    const written: string[] = []
    const slow = new Writable({
      decodeStrings: false,
      write(line: string, _, done) {
        waiting.push(() => {
          written.push(line)
          done()
        })
      },
    })
    const { logging } = recordLines({ destination: slow })
    logging.logger.info('a')
    const flushed = logging.flush()
    while (waiting.length > 0) {
      waiting.shift()?.()
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(await flushed).toBe(true)
    expect(written[0]).toContain('"msg":"a"')

    let asked = 0
    const withFlush = {
      write() {},
      flush(done: () => void) {
        asked++
        done()
      },
    }
    expect(await recordLines({ destination: withFlush }).logging.flush()).toBe(true)
    const withFlushSync = { write() {}, flushSync: () => void asked++ }
    expect(await recordLines({ destination: withFlushSync }).logging.flush()).toBe(true)
    expect(asked).toBe(2)
  })

  it('is flushed where it belongs to a logger of the app', async () => {
    let asked = 0
    const stream = {
      write() {},
      flush(done: () => void) {
        asked++
        done()
      },
    }
    expect(await recordLines({ logger: pino({}, stream) }).logging.flush()).toBe(true)
    expect(asked).toBe(1)
  })

  it('is not waited for longer than asked, and may fail or throw when it is flushed', async () => {
    const clock = createManualClock()
    const never = createLogging({ destination: { write() {}, flush() {} }, clock })
    const flushed = never.flush(100)
    await clock.advance(100)
    expect(await flushed).toBe(false)

    const failing = recordLines({ destination: { write() {}, flush: (done) => done(new Error('no')) } })
    expect(await failing.logging.flush()).toBe(false)
    const throwing = recordLines({
      destination: {
        write() {},
        flush() {
          throw new Error('no')
        },
      },
    })
    expect(await throwing.logging.shutdown()).toBe(false)
    expect(throwing.count('triscope_telemetry_failures_total', 'TRI_ERR_LOG_DESTINATION')).toBe(1)
  })

  it('that asks for metadata gets the level of each line, so that pino.multistream goes by it', () => {
    const all: string[] = []
    const errors: string[] = []
    const { logging } = recordLines({
      destination: pino.multistream([
        { level: 'info', stream: { write: (line) => void all.push(line) } },
        { level: 'error', stream: { write: (line) => void errors.push(line) } },
      ]),
    })
    logging.logger.info('a')
    logging.logger.error('b')
    logging.access({ method: 'GET' }, 'error')
    logging.access({ method: 'GET' }, 'info')
    expect(all).toHaveLength(4)
    expect(errors).toHaveLength(2)
  })
})
