import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkExpositions } from './hostile-exposition.fixture.ts'
import { families } from './hostile-registries.fixture.ts'
import { createRegistry } from './index.ts'

describe('whatever is registered and recorded', () => {
  it('is read alike from text, OpenMetrics and protobuf, however names are escaped', {
    timeout: 60_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(families('any', 4), (given) => checkExpositions(given)),
      { numRuns: 200, seed: 20_261_125 },
    )
  })
})

describe('names in UTF-8', () => {
  const accept = (escaping: string): string => `text/plain;version=1.0.0;escaping=${escaping}`
  const registry = createRegistry({ names: 'utf8' })
  const duration = { name: 'http.server.duration', help: 'D', labels: ['http.route', 'method'], buckets: [1] }
  registry.histogram(duration).observe(0.5, { 'http.route': '/é', method: 'GET' })
  registry.counter({ name: 'größe', help: 'G' }).add(2)

  it('are written as they are where the scraper takes them', async () => {
    expect(await registry.text(accept('allow-utf-8'))).toBe(`# HELP "http.server.duration" D
# TYPE "http.server.duration" histogram
{"http.server.duration_bucket","http.route"="/é",method="GET",le="1"} 1
{"http.server.duration_bucket","http.route"="/é",method="GET",le="+Inf"} 1
{"http.server.duration_sum","http.route"="/é",method="GET"} 0.5
{"http.server.duration_count","http.route"="/é",method="GET"} 1
# HELP "größe_total" G
# TYPE "größe_total" counter
{"größe_total"} 2
`)
  })

  it.each([
    ['underscores', 'http_server_duration_sum{http_route="/é",method="GET"}', 'gr__e_total'],
    ['dots', 'http_dot_server_dot_duration_sum{http_dot_route="/é",method="GET"}', 'gr____e__total'],
    [
      'values',
      'U__http_2e_server_2e_duration_sum{U__http_2e_route="/é",method="GET"}',
      'U__gr_f6__df_e__total',
    ],
  ])('are escaped with %s where it is asked for', async (escaping, sum, total) => {
    const lines = (await registry.text(accept(escaping))).split('\n')
    expect(lines).toContain(`${sum} 0.5`)
    expect(lines).toContain(`${total} 2`)
  })

  it('are refused where two would become one, as are those that look escaped', () => {
    expect(() => registry.gauge({ name: 'http_server.duration_count', help: 'x' })).toThrow(
      'gauge "http_server.duration_count" clashes with histogram "http.server.duration": both have the name "http_server_duration_count" for themselves',
    )
    expect(() => registry.gauge({ name: 'x', help: 'x', labels: ['a.b', 'a_b'] })).toThrow(
      'gauge "x": label "a_b" becomes "a_b" for readers without UTF-8 names, as another one does',
    )
    for (const name of ['U__x', 'U__a_2e_b', '', '\ud800']) {
      expect(() => registry.gauge({ name, help: 'x' })).toThrow(
        expect.objectContaining({ code: 'TRI_ERR_METRIC_NAME' }),
      )
    }
    expect(() => createRegistry().gauge({ name: 'a.b', help: 'x' })).toThrow('hint: name it "a_b"')
  })
})
