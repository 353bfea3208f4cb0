/** Whole apps that keep their request ids in cls-hooked: what they read there is what spans and lines say. */
import { EventEmitter } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { type ContextStorage, untraced } from '@triscope/core'
import { bridgeToCls, createClsStorage } from '@triscope/core/cls-hooked'
import { activeSpan, getLogger, span } from '@triscope/sdk'
import { type RecordedTelemetry, recordTelemetry } from '@triscope/testing/telemetry'
import { createNamespace } from 'cls-hooked'
import type { RequestHandler } from 'express'
import { afterEach, describe, expect, it } from 'vitest'
import { type ExpressFunction, versions } from './express-versions.fixture.ts'
import { triscope } from './index.ts'

const ns = createNamespace('legacy')

/** What the app sees at one place. */
const seen = () => ({
  user: ns.get('user') as unknown,
  traceId: ns.get('traceId') as unknown,
  spanId: ns.get('spanId') as unknown,
  active: activeSpan()?.spanContext().spanId,
})

/** As such apps have it: the context of a request is entered by a middleware of theirs. */
const legacy: RequestHandler = (req, res, next) => {
  ns.bindEmitter(req)
  ns.bindEmitter(res)
  ns.run(() => {
    ns.set('user', req.headers['x-user'])
    next()
  })
}

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function serve(
  express: ExpressFunction,
  order: 'before' | 'after',
  context: ContextStorage,
): Promise<{ recorded: RecordedTelemetry; url: string }> {
  const recorded = recordTelemetry({ context })
  const app = express()
  if (order === 'after') app.use(legacy)
  app.use(triscope(recorded.telemetry))
  if (order === 'before') app.use(legacy)
  app.post('/work', express.json(), (req, res, next) => {
    const work = async () => {
      const places = [seen()]
      await span('child', async () => {
        await delay(1)
        getLogger().info(seen(), 'in the child')
        places.push(seen())
        ns.set('step', 'done')
        const emitter = new EventEmitter()
        setImmediate(() => emitter.emit('ready'))
        await new Promise<void>((resolve) => emitter.once('ready', resolve))
        places.push(seen())
      })
      places.push(seen())
      res.json({ places, step: ns.get('step') as unknown, body: req.body as unknown })
    }
    work().catch(next)
  })
  app.get('/fails', () => span('failing', () => Promise.reject(Object.freeze(new RangeError('frozen')))))
  app.set('env', 'test')
  const server = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  closers.push(async () => {
    await new Promise((resolve) => {
      server.close(resolve)
      server.closeAllConnections()
    })
    await recorded.close()
  })
  return { recorded, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

describe.each(versions)('$name with cls-hooked', ({ express }) => {
  describe.each(['before', 'after'] as const)('that is entered by the app, with triscope %s', (order) => {
    it.each(['bridgeToCls', 'createClsStorage'] as const)(
      'agrees in spans, lines and the namespace: %s',
      async (how) => {
        const { recorded, url } = await serve(
          express,
          order === 'before' ? 'before' : 'after',
          how === 'bridgeToCls' ? bridgeToCls(ns) : createClsStorage(ns),
        )
        const users = Array.from({ length: 20 }, (_, index) => `user-${index}`)
        const answers = await untraced(() =>
          Promise.all(
            users.map(async (user) => {
              const response = await fetch(`${url}/work`, {
                method: 'POST',
                headers: { 'x-user': user, 'content-type': 'application/json' },
                body: JSON.stringify({ user }),
              })
              return (await response.json()) as {
                places: ReturnType<typeof seen>[]
                step: string
                body: object
              }
            }),
          ),
        )
        const children = recorded.spans.filter(({ name }) => name === 'child')
        expect(children.length).toBe(users.length)
        for (const [index, { places, step, body }] of answers.entries()) {
          const user = users[index]
          expect(body).toEqual({ user })
          expect(step).toBe('done')
          const [line] = recorded.lines.filter(
            (each) => each['msg'] === 'in the child' && each['user'] === user,
          )
          const child = children.find((each) => each.spanContext().spanId === line?.['span_id'])
          const traceId = child?.spanContext().traceId
          const server = recorded.spans.find(
            (each) => each.kind === 1 && each.spanContext().traceId === traceId,
          )
          const at = (spanId: string | undefined) => {
            const ids = how === 'bridgeToCls' ? { traceId, spanId } : {}
            return { user, active: spanId, ...ids }
          }
          const childId = child?.spanContext().spanId
          const serverId = server?.spanContext().spanId
          expect(childId).toBeDefined()
          expect(child?.parentSpanContext?.spanId).toBe(serverId)
          expect(line).toMatchObject({ trace_id: traceId, span_id: childId })
          expect(places).toEqual([at(serverId), at(childId), at(childId), at(serverId)])
        }
        expect(recorded.warnings).toEqual([])
      },
    )
  })
})

it('hands the app its frozen error as it was, where ns.run could not', async () => {
  const [latest] = versions.slice(-1)
  if (latest === undefined) throw new Error('no version')
  const { recorded, url } = await serve(latest.express, 'before', bridgeToCls(ns))
  const response = await untraced(() => fetch(`${url}/fails`))
  expect(response.status).toBe(500)
  expect(await response.text()).toContain('RangeError: frozen')
  const failing = recorded.spans.find(({ name }) => name === 'failing')
  expect(failing?.events[0]?.attributes?.['exception.type']).toBe('RangeError')
})

it('serves, and says so, where the namespace throws', async () => {
  const [latest] = versions.slice(-1)
  if (latest === undefined) throw new Error('no version')
  const hostile = {
    active: null,
    enter() {
      throw new Error('no context today')
    },
    exit() {},
  }
  const { recorded, url } = await serve(latest.express, 'before', bridgeToCls(hostile))
  const response = await untraced(() =>
    fetch(`${url}/work`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }),
  )
  expect(response.status).toBe(200)
  expect(recorded.spans.map(({ name }) => name)).toEqual(['child', 'POST /work'])
  expect(recorded.warnings.map(({ code }) => code)).toEqual(['TRI_WARN_CONTEXT'])
})
