import { describe, expect, it } from 'vitest'
import { createRegistry, type Registry } from './index.ts'

const PROTOBUF = 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited'

/** A registry that says how often its values were asked for. */
function counting(): { registry: Registry; asked(): number } {
  let asked = 0
  const registry = createRegistry({ maxSeries: 20_000 })
  registry.observableGauge({ name: 'asked', help: 'a', callback: (to) => to.observe(++asked) })
  const gauge = registry.gauge({ name: 'g', help: 'g', labels: ['id'] })
  for (let id = 0; id < 10_000; id++) gauge.set(id, { id })
  return { registry, asked: () => asked }
}

const textOf = async (body: AsyncIterable<Uint8Array>): Promise<string> => {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

describe('scrapes that overlap', () => {
  it('share one rendering where they ask for the same, and get the whole of it each', async () => {
    const { registry, asked } = counting()
    const first = registry.expose().body[Symbol.asyncIterator]()
    const began = await first.next()
    const others = await Promise.all([1, 2, 3].map(() => textOf(registry.expose().body)))
    expect(asked()).toBe(1)
    let rest = Buffer.from(began.value as Uint8Array).toString()
    for (let step = await first.next(); step.done !== true; step = await first.next()) {
      rest += Buffer.from(step.value).toString()
    }
    expect(others).toEqual([rest, rest, rest])
    expect(rest.split('\n')).toHaveLength(10_000 + 6)
    await registry.text()
    expect(asked()).toBe(2)
  })

  it('do not share where they ask for another format, or other names', async () => {
    const { registry, asked } = counting()
    const asks = [
      {},
      { accept: 'application/openmetrics-text' },
      { names: ['asked'] },
      { accept: 'text/plain;version=1.0.0;escaping=dots' },
    ]
    const texts = await Promise.all(asks.map((ask) => textOf(registry.expose(ask).body)))
    expect(asked()).toBe(4)
    expect(new Set(texts).size).toBe(4)
  })

  it('go on when the one that began goes away, or reads nothing', async () => {
    const { registry } = counting()
    const gone = registry.expose().body[Symbol.asyncIterator]()
    await gone.next()
    const stalled = registry.expose().body[Symbol.asyncIterator]()
    await stalled.next()
    const other = textOf(registry.expose().body)
    await gone.return?.()
    expect((await other).split('\n')).toHaveLength(10_000 + 6)
  })
})

describe('the event loop during a scrape', () => {
  it.each([undefined, 'application/openmetrics-text', PROTOBUF])(
    'gets its turn after few series, for a single family of 100 000 as %s',
    async (accept) => {
      // A clock that only rendering moves: a hundredth of a millisecond at each look.
      let looks = 0
      const clock = {
        wallMs: () => 0,
        monotonicMs: () => ++looks / 100,
        timer: () => ({ cancel: () => undefined }),
      }
      const registry = createRegistry({ maxSeries: 100_000, maxTotalSeries: 200_000, clock })
      const counter = registry.counter({ name: 'c', help: 'c', labels: ['id'] })
      for (let id = 0; id < 100_000; id++) counter.inc({ id })
      let turns = 0
      let done = false
      const count = (): void => {
        turns++
        if (!done) setImmediate(count)
      }
      setImmediate(count)
      for await (const _ of registry.expose({ accept }).body) void _
      done = true
      // A look for each 32 series, and a turn for each hundred looks at most.
      expect(turns).toBeGreaterThan(30)
    },
  )
})
