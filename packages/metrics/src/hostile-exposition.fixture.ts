/** Holds one registry's expositions against each other: four readers that share nothing with the writers. */
import { expect } from 'vitest'
import { build, type GivenFamily } from './hostile-registries.fixture.ts'
import type { Registry } from './index.ts'
import { type DecodedFamily, decodeFamilies, type Message } from './metric-family-decoder.fixture.ts'
import { type ParsedFamily, parseStrictly } from './strict-parser.fixture.ts'

export const OPENMETRICS = 'application/openmetrics-text;version=1.0.0'
export const PROTOBUF =
  'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited'

/** The whole body of a scrape. */
export async function bodyOf(registry: Registry, accept: string | undefined): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of registry.expose({ accept }).body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Every format and way to escape can be read, and all say the same. */
export async function checkExpositions(given: readonly GivenFamily[]): Promise<void> {
  const { registry, instruments } = build(given)
  for (const escaping of ['underscores', 'dots', 'values', 'allow-utf-8']) {
    const asked = `;escaping=${escaping}`
    const binary = samplesOfProtobuf(decodeFamilies(await bodyOf(registry, PROTOBUF + asked)))
    const version = escaping === 'allow-utf-8' ? '1.0.0' : '0.0.4'
    const text = await bodyOf(registry, `text/plain;version=${version}${asked}`)
    const parsed = parseStrictly(text.toString(), 'text')
    expect(samplesOf(parsed)).toEqual(binary)
    expect(parsed).toHaveLength(instruments)
    const open = samplesOf(
      parseStrictly((await bodyOf(registry, OPENMETRICS + asked)).toString(), 'openmetrics'),
    )
    // OpenMetrics leaves out sums that can fall, with their counts, and quantiles below 0; and adds nothing.
    expect(open).toEqual(Object.fromEntries(Object.keys(open).map((key) => [key, binary[key]])))
    for (const [key, value] of Object.entries(binary)) {
      if (key in open) continue
      const [name, labels] = JSON.parse(key) as [string, [string, string][]]
      const isQuantile = labels.some(([label]) => label === 'quantile') && value < 0
      expect(isQuantile || /_(sum|count)$/.test(name), key).toBe(true)
    }
  }
}

const keyOf = (name: string, labels: Readonly<Record<string, string>>): string =>
  JSON.stringify([name, Object.entries(labels).sort()])

/** Bounds are compared as numbers, and minus zero as zero, as the formats do. */
function samplesOf(families: readonly ParsedFamily[]): Record<string, number> {
  const lines: Record<string, number> = {}
  for (const { samples, type } of families) {
    for (const { name, labels, value } of samples) {
      const part = type === 'histogram' ? 'le' : type === 'summary' ? 'quantile' : ''
      const set = part !== '' && part in labels ? { ...labels, [part]: boundText(labels[part]) } : labels
      lines[keyOf(name, set)] = value + 0
    }
  }
  return lines
}

function samplesOfProtobuf(families: readonly DecodedFamily[]): Record<string, number> {
  const lines: Record<string, number> = {}
  for (const { name, metrics } of families) {
    for (const { kind, labels, point } of metrics) {
      const line = (suffix: string, value: unknown, more: Record<string, string> = {}): void => {
        lines[keyOf(name + suffix, { ...labels, ...more })] = (value as number) + 0
      }
      if (kind !== 'histogram' && kind !== 'summary') line('', point['value'])
      for (const { bound, count } of (point['bucket'] ?? []) as Message[]) {
        line('_bucket', count, { le: boundText(String(bound)) })
      }
      for (const { quantile, value } of (point['quantile'] ?? []) as Message[]) {
        line('', value, { quantile: boundText(String(quantile)) })
      }
      if (kind === 'histogram' || kind === 'summary') {
        line('_sum', point['sum'])
        line('_count', point['count'])
      }
    }
  }
  return lines
}

function boundText(text = ''): string {
  return text === '+Inf' || text === 'Infinity' ? 'Infinity' : String(Number(text) + 0)
}
