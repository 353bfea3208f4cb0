// A process of its own: its memory is measured.
import { spawnSync } from 'node:child_process'
import { build } from 'esbuild'
import { expect, it } from 'vitest'

/**
 * V8 gives the young generation its full size, 32 MB, when objects survive in it, whoever makes them. Here it has that
 * from the start, so that what grows is what is kept: 5 MiB, of which 2 are live objects.
 */
const FIXED_YOUNG = ['--min-semi-space-size=16', '--max-semi-space-size=16']

it('a million label sets grow memory by less than 32 MiB, with exact totals', async () => {
  const program = `
    import { createDiagnostics } from '@triscope/core'
    import { createRegistry, registrySource } from './index.ts'
    const registry = createRegistry({ diagnostics: createDiagnostics({ onMessage() {} }) })
    registry.attach(registrySource(registry))
    const labels = ['method', 'route', 'user']
    const counter = registry.counter({ name: 'attack_total', help: 'A', labels })
    const histogram = registry.histogram({ name: 'attack_seconds', help: 'A', labels })
    const attack = (from, to) => {
      for (let i = from; i < to; i++) {
        const set = { method: 'M' + (i % 1_000), route: '/r/' + i, user: 'u' + (i * 7) }
        if (i % 2 === 0) counter.inc(set)
        else histogram.observe(i % 10, set)
      }
    }
    const rss = () => { gc(); gc(); return process.memoryUsage.rss() }
    // What any traffic takes is there before: the young generation's pages are touched.
    const calm = createRegistry().counter({ name: 'calm', help: 'C', labels })
    for (let i = 0; i < 500_000; i++) calm.inc({ method: 'M' + (i % 10), route: '/r/' + (i % 10), user: 'u' + (i % 10) })
    await registry.text()
    const before = rss()
    attack(0, 1_000_000)
    const grown = (rss() - before) / 2 ** 20
    const totals = { counter: 0, histogram: 0 }
    for (const line of (await registry.text()).split('\\n')) {
      const value = Number(line.slice(line.lastIndexOf(' ')))
      if (line.startsWith('attack_total{')) totals.counter += value
      if (line.startsWith('attack_seconds_count{')) totals.histogram += value
    }
    console.log(JSON.stringify({ grown, ...totals }))
  `
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: import.meta.dirname, loader: 'js' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@triscope/source'],
    write: false,
  })
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [...FIXED_YOUNG, '--expose-gc', '--input-type=module', '-'],
    {
      input: outputFiles[0]?.text ?? '',
      encoding: 'utf8',
      timeout: 60_000,
    },
  )
  expect(stderr).toBe('')
  const { grown, counter, histogram } = JSON.parse(stdout) as Record<string, number>
  expect([counter, histogram]).toEqual([500_000, 500_000])
  expect(grown).toBeLessThan(32)
}, 60_000)
