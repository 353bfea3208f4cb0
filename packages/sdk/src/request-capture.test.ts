import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { recordTelemetry } from '@triscope/testing/telemetry'
import { afterEach, describe, expect, it } from 'vitest'
import type { TracingSettings } from './index.ts'

const closers: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** One request to an app with these settings: its answer, and its span. */
async function ask(tracing: TracingSettings, path = '/', headers: Record<string, string> = {}) {
  const recorded = recordTelemetry({ tracing })
  const server = createServer((req, res) => {
    recorded.telemetry.beginRequest(req, res)?.run(() => {
      res.setHeader('x-count', 3)
      res.setHeader('set-cookie', ['a=s3cret', 'b=s3cret'])
      res.setHeader('location', 'https://u:s3cret@elsewhere/?token=s3cret')
      res.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(
    () => recorded.close(),
    async () => server.close().closeAllConnections(),
  )
  const { port } = server.address() as AddressInfo
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers })
  for (let turn = 0; turn < 2_000 && recorded.spans.length === 0; turn++) {
    await new Promise((resolve) => setImmediate(resolve))
  }
  const [span] = recorded.spans
  if (span === undefined) throw new Error('no span')
  return { answer, attributes: span.attributes, context: span.spanContext() }
}

const headersIn = (attributes: object): string[] =>
  Object.keys(attributes).filter((name) => /^http\.(request|response)\.header\./.test(name))

describe('what is captured of a request', () => {
  it('is no header, until one is named', async () => {
    expect(headersIn((await ask({}, '/', { 'x-tenant': 'a' })).attributes)).toEqual([])
  })

  it('is the headers that are named, in any case, and no secret of them', async () => {
    const captureHeaders = {
      request: ['X-Tenant', 'Authorization', 'x-missing', 'referer'],
      response: ['x-count', 'Set-Cookie', 'location'],
    }
    const { attributes } = await ask({ captureHeaders }, '/', {
      'x-tenant': 'acme',
      'x-other': 'other',
      authorization: 'Bearer s3cret',
      referer: 'http://a/?api_key=s3cret&page=2',
    })
    expect(attributes['http.request.header.x-tenant']).toEqual(['acme'])
    expect(attributes['http.response.header.x-count']).toEqual(['3'])
    expect(headersIn(attributes).sort()).toEqual([
      'http.request.header.authorization',
      'http.request.header.referer',
      'http.request.header.x-tenant',
      'http.response.header.location',
      'http.response.header.set-cookie',
      'http.response.header.x-count',
    ])
    expect(JSON.stringify(attributes)).not.toContain('s3cret')
    expect(attributes['http.request.header.referer']).toEqual([expect.stringContaining('page=2')])
  })

  it.each<[TracingSettings['captureQuery'], string | undefined]>([
    [undefined, 'page=2&q=a%20b&token=REDACTED&%70age=3'],
    [true, 'page=2&q=a%20b&token=REDACTED&%70age=3'],
    [false, undefined],
    [['page'], 'page=2&%70age=3'],
    [['token'], 'token=REDACTED'],
    [['other'], undefined],
    [[], undefined],
  ])('is of the query, with %j, %s', async (captureQuery, expected) => {
    const tracing = captureQuery === undefined ? {} : { captureQuery }
    const { attributes } = await ask(tracing, '/?page=2&q=a%20b&token=s3cret&%70age=3')
    expect(attributes['url.query']).toBe(expected)
  })
})

describe('the trace in the answer', () => {
  it('is named where that is asked for, and nowhere else', async () => {
    const silent = await ask({})
    expect([silent.answer.headers.get('traceresponse'), silent.answer.headers.get('server-timing')]).toEqual([
      null,
      null,
    ])
    const named = await ask({ exposeTrace: 'traceresponse' })
    const { traceId, spanId } = named.context
    expect(named.answer.headers.get('traceresponse')).toMatch(new RegExp(`^00-${traceId}-${spanId}-0[13]$`))
    const timed = await ask({ exposeTrace: 'server-timing' })
    expect(timed.answer.headers.get('server-timing')).toContain(
      `traceparent;desc="00-${timed.context.traceId}-`,
    )
  })
})
