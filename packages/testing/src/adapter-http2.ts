/** What every adapter that serves HTTP/2 says of the end of its streams: the same as of an HTTP/1 request. */
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { activeRequests } from './adapter-observer.ts'
import type { AdapterSuite } from './adapter-suite.ts'

export function describeHttp2(suite: AdapterSuite): void {
  describe('over HTTP/2', () => {
    let session: ClientHttp2Session

    beforeEach(() => {
      session = connect(suite.url)
      session.on('error', () => {})
    })

    afterEach(() => session.destroy())

    function ask(path: string): ClientHttp2Stream {
      const stream = session.request({ ':path': path })
      stream.on('error', () => {})
      return stream
    }

    async function inFlight(count: number): Promise<void> {
      await suite.observer.until(
        `${count} requests in flight`,
        async () => activeRequests(await suite.observer.metrics()) === count,
      )
    }

    it('tells streams of one session apart, each with its status', async () => {
      const all = await suite.tellAll(3, async () => {
        const streams = ['/users/1', '/static', '/missing'].map(ask)
        await Promise.all(
          streams.map((stream) => new Promise((resolve) => stream.resume().once('close', resolve))),
        )
      })
      const told = all.map(({ span }) => `${span.name} ${span.attributes['http.response.status_code']}`)
      expect(told.sort()).toEqual(['GET /static 200', 'GET /users/:id 200', 'GET 404'])
      expect(all[0]?.span.attributes['network.protocol.version']).toBe('2')
    })

    it.each([
      ['before its answer', '/slow'],
      ['in the middle of its answer', '/raw/head'],
    ])('tells a stream that its client reset %s as aborted', async (_when, path) => {
      const { span, line } = await suite.tellOne(async () => {
        const stream = ask(path)
        await inFlight(1)
        if (path !== '/slow') await new Promise((resolve) => stream.once('data', resolve))
        stream.close(constants.NGHTTP2_CANCEL)
      })
      expect(span.attributes['error.type']).toBe('aborted')
      expect(span.attributes['http.response.status_code']).toBeUndefined()
      expect(line['status']).toBeUndefined()
    })

    it('tells every stream of a session that died', async () => {
      const all = await suite.tellAll(2, async () => {
        ask('/slow')
        ask('/raw/head')
        await inFlight(2)
        session.destroy()
      })
      expect(all.map(({ span }) => span.attributes['error.type'])).toEqual(['aborted', 'aborted'])
    })

    it('tells the error that broke a stream', async () => {
      const { span } = await suite.tellOne(async () => {
        const stream = ask('/raw/broken-stream')
        await new Promise((resolve) => stream.resume().once('close', resolve))
      })
      expect(span.attributes['error.type']).toBe('RangeError')
      expect(span.events[0]?.attributes?.['exception.message']).toBe('broken')
    })
  })
}
