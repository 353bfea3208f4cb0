import { type AddressInfo, connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { versions } from './fastify-versions.fixture.ts'
import triscope from './index.ts'
import { RecordedApp } from './recorded-app.fixture.ts'

for (const { name, fastify } of versions) {
  describe.each([
    ['without a logger', false],
    ['with its own logger', true],
  ])(`${name} %s`, (_which, logger) => {
    let app: RecordedApp

    afterEach(() => app.close())

    async function observations(): Promise<number> {
      const counts = (await app.recorded.metrics()).matchAll(
        /^http_server_request_duration_seconds_count\{.*?\} (\d+)/gm,
      )
      return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
    }

    it.each<[string, object]>([
      ['Fastify', {}],
      [
        "the app's frameworkErrors",
        {
          frameworkErrors: (
            _error: Error,
            _request: unknown,
            reply: { code(n: number): { send(b: string): void } },
          ) => void setImmediate(() => reply.code(418).send('refused')),
        },
      ],
    ])('tells once what %s refuses before any hook', async (_who, options) => {
      app = new RecordedApp(fastify, logger, options)
      triscope(app.app, app.recorded.telemetry)
      app.app.get('/x/:id', () => 'ok')
      await app.listen()
      const { port } = new URL(app.url)
      const socket = connect(Number(port), '127.0.0.1')
      socket.end('GET /x/%zz HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n')
      let text = ''
      for await (const chunk of socket) text += String(chunk)
      const status = 'frameworkErrors' in options ? 418 : 400
      expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status}`))
      const [span] = await app.spans(1)
      expect(span?.name).toBe('GET')
      expect(span?.attributes['http.response.status_code']).toBe(status)
      expect(await observations()).toBe(1)
      expect(await app.recorded.metrics()).not.toContain('zz')
      if (!logger || status === 400) expect(app.access()).toMatchObject([{ status, path: '/x/%zz' }])
      expect((await app.ask('/x/1')).route).toBe('/x/:id')
      expect(await observations()).toBe(2)
    })

    it('tells what is refused on the second address of a name', async () => {
      app = new RecordedApp(fastify, logger)
      triscope(app.app, app.recorded.telemetry)
      await app.app.listen({ port: 0, host: 'localhost' })
      const addresses = app.app.addresses()
      for (const { address, port } of addresses as AddressInfo[]) {
        const socket = connect(port, address)
        socket.end('GET /%zz HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n')
        for await (const _chunk of socket);
      }
      await app.spans(addresses.length)
      expect(await observations()).toBe(addresses.length)
    })
  })
}
