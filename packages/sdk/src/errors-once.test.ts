/** An error that is logged, thrown on and reported is told once. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SpanKind } from '@opentelemetry/api'
import { recordTelemetry } from '@triscope/testing/telemetry'
import { expect, it } from 'vitest'
import { type ErrorContext, recordError, span, type TriscopeOptions } from './index.ts'

/** Serves one request by `fail`, whose error is logged and reported. */
async function failOnce(fail: () => Error, options: TriscopeOptions = {}) {
  const recorded = recordTelemetry(options)
  const server = createServer((req, res) => {
    const request = recorded.telemetry.beginRequest(req, res)
    request?.run(() => {
      request.setUser({ id: 'u-1', plan: 'pro' })
      request.addFields({ tenant: 'a' })
      const error = fail()
      request.log.error(error, 'failed')
      recorded.telemetry.logger.error({ err: error }, 'failed again')
      recordError(error)
      request.error(error)
      res.writeHead(500).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  const line = () => recorded.lines.find((each) => each['msg'] === 'request')
  for (let turn = 0; turn < 2_000 && line() === undefined; turn++)
    await new Promise((resolve) => setImmediate(resolve))
  const counted = recorded.telemetry.diagnostics
    .snapshot()
    .filter(({ name }) => name === 'triscope_errors_total')
    .map(({ labels, value }) => [labels['error_type'], value])
  const spans = recorded.spans.filter(({ kind }) => kind !== SpanKind.CLIENT)
  const events = spans.map(({ name, events }) => [name, events.map((event) => event.name)])
  await recorded.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  return { counted, events, line: line(), attributes: spans.at(-1)?.attributes }
}

it('counts once and stands once on the span, though it is logged twice, recorded and reported', async () => {
  const { counted, events } = await failOnce(() => new RangeError('x'))
  expect(counted).toEqual([['RangeError', 1]])
  expect(events).toEqual([['GET', ['exception']]])
})

it('stands on each span that it passed, and counts once', async () => {
  const { counted, events } = await failOnce(() => {
    try {
      return span('inner', () => {
        throw new RangeError('x')
      })
    } catch (error) {
      return error as Error
    }
  })
  expect(counted).toEqual([['RangeError', 1]])
  expect(events).toEqual([
    ['inner', ['exception']],
    ['GET', ['exception']],
  ])
})

it('is handed over with the user and the fields of its request', async () => {
  const heard: [unknown, ErrorContext][] = []
  const error = new RangeError('x')
  const { line, attributes } = await failOnce(() => error, {
    onError: (each, _request, context) => heard.push([each, context]),
  })
  expect(heard).toEqual([
    [error, { user: { id: 'u-1', plan: 'pro' }, fields: { tenant: 'a', user_id: 'u-1' } }],
  ])
  expect(line).toMatchObject({ user_id: 'u-1', tenant: 'a' })
  expect(JSON.stringify(line)).not.toContain('pro"')
  expect(attributes).toMatchObject({ 'user.id': 'u-1' })
})
