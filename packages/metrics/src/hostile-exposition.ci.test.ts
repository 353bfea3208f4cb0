// Ten thousand generated registries, through readers of our own; and a part of them through those of others: promtool,
// the Python client's strict parsers and protoc with the client model. What is not installed is skipped by name.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bodyOf, checkExpositions, OPENMETRICS, PROTOBUF } from './hostile-exposition.fixture.ts'
import { build, families } from './hostile-registries.fixture.ts'

const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_126)
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 10_000)

const python = '/usr/bin/python3'
const hasPython = spawnSync(python, ['-c', 'import prometheus_client']).status === 0
const model = '/usr/share/gocode/src/github.com/prometheus/client_model'
const hasProtoc = spawnSync('protoc', ['--version']).status === 0 && existsSync(model)
const hasPromtool = spawnSync('promtool', ['--version']).status === 0

/** Reads a list of texts, answers with what each was refused for; started once for all. */
const readAll = `
import json, sys
from prometheus_client.parser import text_string_to_metric_families as text
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
given = json.load(sys.stdin)
read = openmetrics if sys.argv[1] == 'openmetrics' else text
refused = []
for each in given:
    try:
        list(read(each))
    except Exception as error:
        refused.append([repr(error), each])
json.dump(refused[:3], sys.stdout)
`

async function generated(names: 'any' | 'legacy', count: number, accept?: string): Promise<Buffer[]> {
  const registries = fc.sample(families(names, 5), { numRuns: count, seed: SEED })
  const bodies: Buffer[] = []
  for (const given of registries) bodies.push(await bodyOf(build(given).registry, accept))
  return bodies
}

describe(`${RUNS} generated registries`, () => {
  it('are read alike from text, OpenMetrics and protobuf', { timeout: 900_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(families('any', 4), (given) => checkExpositions(given)),
      { numRuns: RUNS, seed: SEED },
    )
  })

  it.skipIf(!hasPython).each([
    ['text', undefined],
    ['openmetrics', OPENMETRICS],
  ])('are accepted as %s by the Python client', { timeout: 300_000 }, async (format, accept) => {
    const texts = (await generated('any', RUNS / 5, accept)).map((body) => body.toString())
    const { status, stdout, stderr } = spawnSync(python, ['-c', readAll, format], {
      input: JSON.stringify(texts),
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    })
    expect(status, stderr).toBe(0)
    expect(JSON.parse(stdout)).toEqual([])
  })

  it.skipIf(!hasPromtool)('are accepted by promtool', { timeout: 300_000 }, async () => {
    for (const body of await generated('any', RUNS / 100)) {
      const { status, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: body })
      // 3 is what its linter returns for names it would choose otherwise; 1 is an exposition that cannot be read.
      expect([0, 3], `${stderr}\n${body}`).toContain(status)
    }
  })

  it.skipIf(!hasProtoc)('are decoded by protoc with the client model', { timeout: 300_000 }, async () => {
    for (const body of await generated('any', RUNS / 100, PROTOBUF)) {
      for (const message of messagesOf(body)) {
        const { status, stdout, stderr } = spawnSync(
          'protoc',
          ['-I', model, '--decode=io.prometheus.client.MetricFamily', 'io/prometheus/client/metrics.proto'],
          { input: message, encoding: 'utf8' },
        )
        expect(status, stderr).toBe(0)
        expect(stdout).toMatch(/^name: "/)
      }
    }
  })
})

function messagesOf(body: Buffer): Buffer[] {
  const messages: Buffer[] = []
  let at = 0
  while (at < body.length) {
    let length = 0
    for (let shift = 0; ; shift += 7) {
      const byte = body[at++] ?? 0
      length += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) break
    }
    messages.push(body.subarray(at, at + length))
    at += length
  }
  return messages
}
