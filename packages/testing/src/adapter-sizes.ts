/** What every adapter says of the sizes of bodies, where it is asked to: bytes as transferred, without headers. */
import { describe, expect, it } from 'vitest'
import { activeRequests, sizes } from './adapter-observer.ts'
import type { AdapterSuite } from './adapter-suite.ts'
import { RawClient, rawRequest } from './raw-client.ts'

/** @param suite of an app whose telemetry counts bodies */
export function describeSizes(suite: AdapterSuite): void {
  /** Sends one request, and returns what grew: bytes of requests and of responses. */
  async function sized(
    ...request: readonly string[]
  ): Promise<{ request: number; response: number; line: unknown; attributes: unknown[] }> {
    const before = sizes(await suite.observer.metrics())
    const { span, line } = await suite.tellOne(async () => {
      const client = await RawClient.send(suite.url, ...request)
      await client.closed
    })
    const after = sizes(await suite.observer.metrics())
    expect([after.requests - before.requests, after.responses - before.responses]).toEqual([1, 1])
    return {
      request: after.requestBytes - before.requestBytes,
      response: after.responseBytes - before.responseBytes,
      line: line['bytes'],
      attributes: [span.attributes['http.request.body.size'], span.attributes['http.response.body.size']],
    }
  }

  const all = (request: number, response: number): object => ({
    request,
    response,
    line: response,
    attributes: [request, response],
  })
  const close = ['Connection: close']

  describe('sizes of bodies', () => {
    it('are those of the answer alone, without its head', async () => {
      expect(await sized(rawRequest('/static', close))).toEqual(all(0, '{"ok":true}'.length))
    })

    it('are counted where the answer is written in pieces', async () => {
      expect(await sized(rawRequest('/raw/chunks', close))).toEqual(all(0, 'firstlast'.length))
    })

    it.each([
      ['of HEAD', rawRequest('/static', close, 'HEAD')],
      ['that is not modified', rawRequest('/raw/not-modified', close)],
      ['without content', rawRequest('/raw/empty', close)],
    ])('are nothing for an answer %s', async (_what, request) => {
      expect(await sized(request)).toEqual(all(0, 0))
    })

    const json = '{"text":"é"}'
    const length = Buffer.byteLength(json)
    const bytes = Buffer.from(json).toString('latin1')

    it('are the length that the client announced', async () => {
      const headers = ['Content-Type: application/json', `Content-Length: ${length}`, ...close]
      expect(await sized(rawRequest('/echo', headers, 'POST'), bytes)).toEqual(all(length, length))
    })

    it('are no more than the client has sent, whatever it announced', async () => {
      const before = sizes(await suite.observer.metrics())
      const request = rawRequest('/raw/silent', ['Content-Length: 9007199254740991'])
      await suite.tellOne(async () => {
        const client = await RawClient.send(suite.url, request, 'part')
        const begun = async (): Promise<boolean> => activeRequests(await suite.observer.metrics()) === 1
        await suite.observer.until('a request in flight', begun)
        client.destroy()
      })
      const after = sizes(await suite.observer.metrics())
      expect(after.requests - before.requests).toBe(1)
      expect(after.requestBytes - before.requestBytes).toBeLessThanOrEqual(request.length + 4)
    })

    it('are counted where the client sends chunks, without their frames', async () => {
      const headers = ['Content-Type: application/json', 'Transfer-Encoding: chunked', ...close]
      const chunks = [bytes.slice(0, 4), bytes.slice(4)].map(
        (chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`,
      )
      const request = [rawRequest('/echo', headers, 'POST'), ...chunks, '0\r\n\r\n']
      expect(await sized(...request)).toEqual(all(length, length))
    })

    it('are told apart on one connection', async () => {
      const told = await suite.tellAll(3, async () => {
        const client = await RawClient.send(
          suite.url,
          ...['/static', '/users/1', '/raw/chunks'].map((path) => rawRequest(path)),
        )
        await client.answers(3)
        await suite.observer.settled()
        client.destroy()
      })
      expect(told.map(({ span }) => [span.name, span.attributes['http.response.body.size']]).sort()).toEqual([
        [expect.stringMatching(/raw/), 9],
        ['GET /static', 11],
        ['GET /users/:id', 10],
      ])
    })
  })
}
