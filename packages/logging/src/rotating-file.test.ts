import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDiagnostics } from '@triscope/core'
import { afterAll, describe, expect, it } from 'vitest'
import { countOf } from './line-recorder.fixture.ts'
import { createLogging, type LoggingOptions } from './logging.ts'
import type { LogFileOptions } from './rotating-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'triscope-file-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let files = 0

function open(file: Partial<LogFileOptions>, options: LoggingOptions = {}) {
  const path = join(folder, `${++files}`, 'app.log')
  let nowMs = 0
  const diagnostics = createDiagnostics({ onMessage: () => {} })
  const logging = createLogging({
    file: { path, ...file },
    diagnostics,
    clock: { wallMs: () => 0, monotonicMs: () => nowMs, timer: () => ({ cancel() {} }) },
    ...options,
  })
  return {
    logging,
    path,
    read: (name = 'app.log') => readFileSync(join(path, '..', name), 'utf8'),
    names: () => readdirSync(join(path, '..')).sort(),
    pass: (ms: number) => {
      nowMs += ms
    },
    lost: () => countOf(diagnostics, 'triscope_telemetry_dropped_total', ['logs', 'WRITE_FAILED']),
  }
}

describe('a log file', () => {
  it('has every line, in a folder that is made', async () => {
    const { logging, read } = open({}, { sync: false })
    logging.logger.info({ a: 1 }, 'first')
    expect(await logging.flush()).toBe(true)
    expect(JSON.parse(read())).toMatchObject({ a: 1, msg: 'first' })
    await logging.shutdown()
    logging.logger.info('after')
    expect(read().trimEnd().split('\n')).toHaveLength(2)
  })

  it('starts anew when it has grown, keeps so many files, and loses no line between them', () => {
    const { logging, names, read } = open({ maxBytes: 1_000, maxFiles: 3 })
    for (let i = 0; i < 35; i++) logging.logger.info({ i, filler: 'x'.repeat(60) }, 'line')
    expect(names()).toEqual(['app.log', 'app.log.1', 'app.log.2'])
    const lines = ['app.log.2', 'app.log.1', 'app.log'].flatMap((name) => read(name).trimEnd().split('\n'))
    const numbers = lines.map((line) => (JSON.parse(line) as { i: number }).i)
    expect(numbers).toEqual(Array.from(numbers, (_, at) => 35 - numbers.length + at))
    for (const name of names()) expect(read(name).length).toBeLessThanOrEqual(1_000)
    const alone = open({ maxBytes: 200, maxFiles: 1 })
    for (let i = 0; i < 9; i++) alone.logging.logger.info({ i }, 'line')
    expect(alone.names()).toEqual(['app.log'])
  })

  it('is opened again where it was moved, within a second, or at SIGHUP', async () => {
    const { logging, path, pass, read } = open({ reopenOnSighup: true })
    logging.logger.info('one')
    renameSync(path, `${path}.old`)
    pass(999)
    logging.logger.info('two')
    pass(1)
    logging.logger.info('three')
    expect(read('app.log.old').trimEnd().split('\n')).toHaveLength(2)
    expect(read()).toContain('three')
    renameSync(path, `${path}.older`)
    process.emit('SIGHUP')
    logging.logger.info('four')
    expect(read()).toContain('four')
    await logging.shutdown()
    expect(process.listenerCount('SIGHUP')).toBe(0)
  })

  it('on a full disk is lost and counted, and the app lives', () => {
    const { logging, lost } = open({ path: '/dev/full' })
    for (let i = 0; i < 5; i++) logging.logger.info('x')
    expect(lost()).toBe(5)
    const gone = open({ path: '/proc/none/app.log' })
    gone.logging.logger.info('x')
    expect(gone.lost()).toBe(1)
  })

  it('is refused with wrong figures, and beside another destination', () => {
    expect(() => open({ maxFiles: 0 })).toThrow('logging.file.maxFiles')
    expect(() => open({ maxBytes: 0 })).toThrow('logging.file.maxBytes')
    expect(() => createLogging({ file: '' })).toThrow('logging.file.path')
    expect(() => open({}, { destination: { write() {} } })).toThrow('logging.file')
  })
})
