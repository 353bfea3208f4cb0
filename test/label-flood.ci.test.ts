// A million label sets: what the limit is for. In a process of its own, because memory is measured.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { bundleProgram } from './source-bundle.ts'

const SETS = 1_000_000

const program = `
import { createRegistry } from '@triscope/metrics'
const registry = createRegistry()
const counter = registry.counter({ name: 'c', help: 'c', labels: ['user', 'path'] })
const histogram = registry.histogram({ name: 'h', help: 'h', labels: ['user'] })
for (let i = 0; i < 5000; i++) counter.inc({ user: 'warm' + i, path: '/' })
gc()
const before = process.memoryUsage.rss()
for (let i = 0; i < ${SETS}; i++) {
  counter.inc({ user: 'u' + i, path: '/p/' + (i % 1000) })
  histogram.observe(1, { user: 'u' + i })
}
gc()
const grown = process.memoryUsage.rss() - before
let total = 0
let observed = 0
for (const line of (await registry.text()).split('\\n')) {
  if (line.startsWith('c_total{')) total += Number(line.split(' ').at(-1))
  if (line.startsWith('h_count{')) observed += Number(line.split(' ').at(-1))
}
console.log(JSON.stringify({ grown, total, observed }))
`

it('a million label sets grow memory by less than 32 MiB, with exact totals', {
  timeout: 120_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'triscope-flood-'))
  try {
    const file = await bundleProgram(program, folder, 'metrics')
    const { stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', '--no-warnings', file], {
      encoding: 'utf8',
    })
    const { grown, observed, total } = JSON.parse(stdout || `"${stderr}"`) as Record<string, number>
    expect([total, observed]).toEqual([SETS + 5000, SETS])
    expect((grown ?? Number.NaN) / 2 ** 20).toBeLessThan(32)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
