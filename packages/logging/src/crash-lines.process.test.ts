import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'triscope-crash-'))
const script = join(folder, 'app.cjs')
const program = `
import { createLogging, logCrashes } from './index.ts'
const logging = createLogging({ sync: false })
const stop = logCrashes(() => logging.logger)
const ends = {
  throw() { throw Object.assign(new TypeError('boom'), { cause: new Error('why') }) },
  reject() { Promise.reject(new RangeError('nobody cared')); setTimeout(() => {}, 1_000) },
  handled() { process.on('uncaughtException', () => { process.exitCode = 7 }); setImmediate(() => { throw new Error('kept') }) },
  stopped() { stop(); throw new Error('unseen') },
}
logging.logger.info('before')
ends[process.argv[2]]()
`

beforeAll(async () => {
  await build({
    stdin: { contents: program, resolveDir: import.meta.dirname, loader: 'js' },
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    conditions: ['@triscope/source'],
    logLevel: 'error',
  })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function run(end: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, end], { encoding: 'utf8' })
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  return { status, stderr, lines }
}

describe('a process that crashes', () => {
  it('has a last line with the error, after all others, and ends as it would have', () => {
    const { status, stderr, lines } = run('throw')
    expect(status).toBe(1)
    expect(stderr).toContain('TypeError: boom')
    expect(lines.map((line) => line['msg'])).toEqual(['before', 'uncaught exception'])
    expect(lines[1]).toMatchObject({ level: 60, origin: 'uncaughtException', err: { type: 'TypeError' } })
    expect(JSON.stringify(lines[1])).toContain('caused by: Error: why')
  })

  it('has one for a rejection that nobody handled', () => {
    const { status, stderr, lines } = run('reject')
    expect([status, stderr.includes('nobody cared')]).toEqual([1, true])
    expect(lines[1]).toMatchObject({ msg: 'unhandled rejection', err: { type: 'RangeError' } })
  })

  it('lives on where the app keeps it alive', () => {
    const { status, lines } = run('handled')
    expect(status).toBe(7)
    expect(lines[1]).toMatchObject({ msg: 'uncaught exception', err: { message: 'kept' } })
  })

  it('has none once the watch has ended', () => {
    expect(run('stopped').lines).toHaveLength(1)
  })
})
