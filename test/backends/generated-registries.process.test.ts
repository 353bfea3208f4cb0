/** A real Prometheus scrapes a hundred generated registries, and gives back every series as it was written. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundleProgram } from '../source-bundle.ts'
import { isInstalled, type Scraped, startScraped } from './scraped-app.ts'

const REGISTRIES = 100
const SEED = 20_261_127

interface Vector {
  result: { metric: Record<string, string>; value: [time: number, value: string] }[]
}

const program = `
import { createServer } from 'node:http'
import { build, numberedFamilies } from './src/hostile-registries.fixture.ts'

const { registry } = build(numberedFamilies(${REGISTRIES}, ${SEED}))
const server = createServer(async (req, res) => {
  const { contentType, body } = registry.expose({ accept: req.headers.accept })
  res.writeHead(200, { 'content-type': contentType })
  for await (const chunk of body) res.write(chunk)
  res.end()
})
server.listen(0, '127.0.0.1', () => console.log('listening on', server.address().port))
`

/** Prints every sample of the same registries, as our own strict reader finds it; values as text, which JSON has not all. */
const reader = `
import { build, numberedFamilies } from './src/hostile-registries.fixture.ts'
import { parseStrictly } from './src/strict-parser.fixture.ts'

const { registry } = build(numberedFamilies(${REGISTRIES}, ${SEED}))
const families = parseStrictly(await registry.text('application/openmetrics-text;version=1.0.0'), 'openmetrics')
const samples = families.flatMap(({ samples }) => samples)
console.log(JSON.stringify(samples.map(({ name, labels, value }) => ({ name, labels, value: String(value) }))))
`

interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: string
}

/** By name and labels; bounds and quantiles as numbers, which versions of Prometheus spell differently. */
function keyOf(name: string, labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([label, value]) => {
    const isNumber = label === 'le' || label === 'quantile'
    return [label, isNumber ? String(Number(value.replace('Inf', 'Infinity')) + 0) : value]
  })
  return JSON.stringify([name, pairs.sort()])
}

async function written(): Promise<Record<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), 'triscope-generated-'))
  try {
    const file = await bundleProgram(reader, folder, 'metrics')
    const { stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8', maxBuffer: 2 ** 26 })
    expect(stderr).toBe('')
    const samples = JSON.parse(stdout) as Sample[]
    return Object.fromEntries(
      samples.map(({ name, labels, value }) => [keyOf(name, labels), Number(value) + 0]),
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe.skipIf(!isInstalled('prometheus'))(
  'Prometheus and generated registries (skipped where it is not installed)',
  () => {
    let scraped: Scraped

    beforeAll(async () => {
      scraped = await startScraped(
        'prometheus',
        (config, data, address) => [
          `--config.file=${config}`,
          `--storage.tsdb.path=${data}`,
          `--web.listen-address=${address}`,
        ],
        { code: program, room: 'metrics' },
      )
    })

    afterAll(async () => {
      await scraped?.stop()
    })

    it('gives back every series of a hundred registries with its value', async () => {
      const selector = encodeURIComponent('{__name__=~"r[0-9]+_.*"}')
      const series = await scraped.query(`/api/v1/query?query=${selector}`, ({ data }) => {
        const { result } = data as Vector
        return result.length > 0 ? result : undefined
      })
      const read = series.map(({ metric, value: [, value] }) => {
        const { __name__: name = '', instance: _instance, job: _job, ...labels } = metric
        return [keyOf(name, labels), Number(value.replace('Inf', 'Infinity')) + 0]
      })
      const expected = await written()
      expect(Object.keys(expected).length).toBeGreaterThan(500)
      expect(Object.fromEntries(read)).toEqual(expected)
      expect(read).toHaveLength(Object.keys(expected).length)
    })
  },
)
