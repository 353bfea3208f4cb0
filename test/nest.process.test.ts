/** NestJS on both of its platforms: its routes are the app's, its errors are seen, and each request is counted once. */
import type { INestApplication } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { triscope as onExpress } from '@triscope/express'
import { triscope as onFastify } from '@triscope/fastify'
import type { Telemetry } from '@triscope/sdk'
import { type RecordedTelemetry, recordTelemetry } from '@triscope/testing/telemetry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppModule, configure } from './nest-app.ts'

const options = { logger: false } as const

const platforms: Record<string, (telemetry: Telemetry) => Promise<INestApplication>> = {
  'Express, by app.use': async (telemetry) => {
    const app = await NestFactory.create(AppModule, new ExpressAdapter(), options)
    app.use(onExpress(telemetry))
    return app
  },
  'Express, by its instance': async (telemetry) => {
    const app = await NestFactory.create(AppModule, new ExpressAdapter(), options)
    onExpress(app.getHttpAdapter().getInstance(), telemetry)
    return app
  },
  'Fastify, registered': async (telemetry) => {
    const app = await NestFactory.create(AppModule, new FastifyAdapter(), options)
    await app.getHttpAdapter().getInstance().register(onFastify, telemetry)
    return app
  },
  'Fastify, by its instance': async (telemetry) => {
    const app = await NestFactory.create(AppModule, new FastifyAdapter(), options)
    onFastify(app.getHttpAdapter().getInstance(), telemetry)
    return app
  },
}

describe.each(Object.entries(platforms))('NestJS on %s', (_name, create) => {
  let recorded: RecordedTelemetry
  let app: INestApplication
  let url: string

  beforeEach(async () => {
    // Without client spans: it is the test that fetches.
    recorded = recordTelemetry({ tracing: { outbound: false } })
    app = await create(recorded.telemetry)
    configure(app)
    await app.listen(0, '127.0.0.1')
    url = await app.getUrl()
  })

  afterEach(async () => {
    await app.close()
    await recorded.close()
  })

  /** One request; its span and its line, of which there must be one each. */
  async function ask(path: string, init?: RequestInit): Promise<Record<string, unknown>> {
    recorded.clear()
    const response = await fetch(url + path, { redirect: 'manual', ...init })
    const body = await response.text()
    const ended = () => recorded.lines.some(({ msg }) => msg === 'request')
    await expect.poll(ended, { timeout: 5_000 }).toBe(true)
    const spans = recorded.spans.filter(({ kind }) => kind === 1)
    const lines = recorded.lines.filter(({ msg }) => msg === 'request')
    expect([spans.length, lines.length]).toEqual([1, 1])
    expect(lines[0]).toMatchObject({ status: response.status })
    expect(lines[0]?.['route']).toBe(spans[0]?.attributes['http.route'])
    return {
      status: response.status,
      body,
      name: spans[0]?.name,
      route: lines[0]?.['route'],
      error: spans[0]?.events[0]?.attributes?.['exception.message'],
      traceId: spans[0]?.spanContext().traceId,
    }
  }

  it.each<[string, RequestInit, number, string | undefined]>([
    ['/api/v1/users', {}, 200, '/api/v1/users'],
    ['/api/v1/users/42', {}, 200, '/api/v1/users/:id'],
    ['/api/v1/users/a%2Fb?x=1', {}, 200, '/api/v1/users/:id'],
    ['/api/v2/users/42', {}, 200, '/api/v2/users/:id'],
    ['/api/v1/users/42', { method: 'HEAD' }, 200, '/api/v1/users/:id'],
    ['/api/v1/users/42/moved', {}, 301, '/api/v1/users/:id/moved'],
    ['/api/v1/users/42/guarded', {}, 403, '/api/v1/users/:id/guarded'],
    ['/api/v1/users/42/guarded', { headers: { 'x-key': 'right' } }, 200, '/api/v1/users/:id/guarded'],
    ['/ready', {}, 200, '/ready'],
    ['/api/v1/none', {}, 404, undefined],
    ['/wp-login.php', {}, 404, undefined],
    ['/api/v3/users/42', {}, 404, undefined],
  ])('tells %s %o by the template of its controller', async (path, init, status, route) => {
    const method = init.method ?? 'GET'
    expect(await ask(path, init)).toMatchObject({
      status,
      route,
      name: route === undefined ? method : `${method} ${route}`,
    })
    const labels = [...(await recorded.metrics()).matchAll(/duration_seconds_count\{.*?http_route="(.*?)"/g)]
    expect(labels.map(([, label]) => label)).toEqual([route ?? '(unmatched)'])
  })

  it.each([
    ['/api/v1/users/1/fails', 500, '/api/v1/users/:id/fails', 'broken', ['RangeError']],
    ['/api/v1/users/0', 404, '/api/v1/users/:id', 'no such user', []],
    ['/api/v1/users/1/teapot', 418, '/api/v1/users/:id/teapot', 'short and stout', []],
  ])('sees the error behind %s', async (path, status, route, error, errorTypes) => {
    expect(await ask(path)).toMatchObject({ status, route, error })
    expect(recorded.lines.find(({ msg }) => msg === 'request')).toMatchObject({ error: { message: error } })
    const types = [...(await recorded.metrics()).matchAll(/duration_seconds_count\{.*?error_type="(.*?)"/g)]
    expect(types.map(([, type]) => type)).toEqual(errorTypes)
  })

  it('sees the error of a method other than GET', async () => {
    expect(await ask('/api/v1/users', { method: 'POST' })).toMatchObject({
      status: 507,
      name: 'POST /api/v1/users',
      error: 'full',
    })
  })

  it('runs controllers, guards and interceptors in the context of their request', async () => {
    const list = await ask('/api/v1/users')
    expect(JSON.parse(String(list['body']))).toEqual({ traceId: list['traceId'] })
    expect(recorded.spans.find(({ name }) => name === 'step')?.spanContext().traceId).toBe(list['traceId'])
    const one = await ask('/api/v1/users/7')
    expect(JSON.parse(String(one['body']))).toEqual({ id: '7', traceId: one['traceId'] })
  })
})
