/**
 * What every adapter says of a request's end, whatever it is: once, in all three signals, with one duration, and no request
 * is left in flight. The suite itself holds the last two, after each request.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { activeRequests } from './adapter-observer.ts'
import type { AdapterSuite, Told } from './adapter-suite.ts'
import { RawClient, rawRequest } from './raw-client.ts'

export function describeEndings(suite: AdapterSuite): void {
  async function inFlight(count: number): Promise<void> {
    await suite.observer.until(
      `${count} requests in flight`,
      async () => activeRequests(await suite.observer.metrics()) === count,
    )
  }

  /** Sends one request, waits until it is in flight, and does to it what ends it. */
  async function interrupted(request: string, interrupt: (client: RawClient) => unknown): Promise<Told> {
    return await suite.tellOne(async () => {
      const client = await RawClient.send(suite.url, request)
      await inFlight(1)
      await interrupt(client)
      client.destroy()
    })
  }

  describe('ends', () => {
    it.each([
      ['finished', 'GET', '/static', 200],
      ['finished after several writes', 'GET', '/raw/chunks', 200],
      ['finished without a body', 'GET', '/raw/empty', 204],
      ['not modified', 'GET', '/raw/not-modified', 304],
      ['a HEAD', 'HEAD', '/raw/chunks', 200],
      ['answered twice', 'GET', '/raw/twice', 200],
      ['a stream of events that ends', 'GET', '/raw/events', 200],
    ])('tell of a request that was %s its status, and no error', async (_what, method, path, status) => {
      const { span, line, series } = await suite.tellOne(async () => {
        const client = await RawClient.send(suite.url, rawRequest(path, ['Connection: close'], method))
        await client.closed
        expect(client.statuses).toEqual([status])
      })
      expect(span.attributes['http.response.status_code']).toBe(status)
      expect(span.attributes['error.type']).toBeUndefined()
      expect(series.labels).toMatchObject({ http_response_status_code: String(status) })
      expect(line).toMatchObject({ status, level: 30 })
    })

    describe('tell a request as aborted, without a status', () => {
      function expectAborted({ span, line, series }: Told, errorType = 'aborted'): void {
        expect(span.attributes['http.response.status_code']).toBeUndefined()
        expect(span.attributes['error.type']).toBe(errorType)
        expect(series.labels).toMatchObject({ error_type: errorType })
        expect(line['status']).toBeUndefined()
      }

      it.each([
        ['before the head of the answer', '/slow'],
        ['before the head of a raw answer', '/raw/silent'],
        ['in the middle of the answer', '/raw/head'],
        ['in the middle of a stream of events', '/raw/endless-events'],
        ['and was answered too late', '/raw/late'],
      ])('whose client hung up %s', async (_when, path) => {
        expectAborted(await interrupted(rawRequest(path), (client) => client.destroy()))
      })

      it('whose client hung up in the middle of the body', async () => {
        const headers = ['Content-Type: application/json', 'Content-Length: 100']
        expectAborted(
          await interrupted(`${rawRequest('/echo', headers, 'POST')}{"text":`, (client) => client.destroy()),
        )
      })

      it.each([
        ['destroyed its response', '/raw/destroy'],
        ['destroyed its socket', '/raw/hang-up'],
        ['destroyed its socket, and ended the response', '/raw/hang-up-and-end'],
      ])('whose handler %s', async (_what, path) => {
        expectAborted(
          await suite.tellOne(async () => (await RawClient.send(suite.url, rawRequest(path))).closed),
        )
      })

      it('that the server let go of while its handler never answered', async () => {
        expectAborted(
          await interrupted(rawRequest('/slow'), async (client) => {
            suite.server.closeAllConnections()
            await client.closed
          }),
        )
      })

      it('whose socket was idle for too long', async () => {
        const { timeout } = suite.server
        suite.server.timeout = 50
        try {
          expectAborted(await interrupted(rawRequest('/slow'), (client) => client.closed))
        } finally {
          suite.server.timeout = timeout
        }
      })

      it('each of those that were pipelined when the socket died, answered or not', async () => {
        const all = await suite.tellAll(3, async () => {
          const requests = ['/slow', '/users/1', '/static'].map((path) => rawRequest(path))
          const client = await RawClient.send(suite.url, ...requests)
          await inFlight(3)
          client.destroy()
        })
        for (const told of all) expectAborted(told)
        expect(all.map(({ span }) => span.name).sort()).toEqual([
          'GET /slow',
          'GET /static',
          'GET /users/:id',
        ])
      })

      it('with the error that broke its stream, where that is what cut it off', async () => {
        const told = await suite.tellOne(
          async () => (await RawClient.send(suite.url, rawRequest('/raw/broken-stream'))).closed,
        )
        expectAborted(told, 'RangeError')
        expect(told.span.events[0]?.attributes).toMatchObject({
          'exception.type': 'RangeError',
          'exception.message': 'broken',
        })
        expect(told.line['error']).toEqual({ type: 'RangeError', message: 'broken' })
      })
    })

    it('tell a request whose body took too long by the 408 that its client was sent', async () => {
      const { headersTimeout, requestTimeout } = suite.server
      Object.assign(suite.server, { headersTimeout: 100, requestTimeout: 100 })
      try {
        const headers = ['Content-Type: application/json', 'Content-Length: 100']
        const late = rawRequest('/echo', headers, 'POST')
        const { span, line, series } = await interrupted(late, async (client) => {
          await client.closed
          expect(client.statuses).toEqual([408])
        })
        expect(span.attributes['http.response.status_code']).toBe(408)
        expect(span.attributes['error.type']).toBeUndefined()
        expect(series.labels).toMatchObject({ http_response_status_code: '408' })
        expect(line).toMatchObject({ status: 408, level: 40 })
        suite.observer.clear()
        // Behind one that waits for its handler, only the late one was late.
        const all = await suite.tellAll(2, async () => {
          const client = await RawClient.send(suite.url, rawRequest('/slow'), late)
          await client.closed
        })
        expect(all.map((told) => told.span.attributes['error.type']).sort()).toEqual(['aborted', undefined])
      } finally {
        Object.assign(suite.server, { headersTimeout, requestTimeout })
      }
    })

    it('leave nothing of a client that hung up before its request was whole', async () => {
      await suite.tellOne(async () => {
        const client = await RawClient.send(suite.url, 'GET /static HTTP/1.1\r\nHost: te')
        client.destroy()
        await client.closed
        await (await suite.observer.untraced(() => fetch(`${suite.url}/static`))).text()
      })
    })

    it('tell a handler that answers twice by the means of its framework once', async () => {
      await suite.tellOne(async () => {
        const client = await RawClient.send(suite.url, rawRequest('/twice', ['Connection: close']))
        await client.closed
      })
    })

    it('tell the requests of one connection apart, and leave nothing on it', async () => {
      const listeners: number[] = []
      let socket: Duplex | undefined
      suite.server.once('connection', (opened) => {
        socket = opened
      })
      await suite.tellAll(4, async () => {
        const client = await RawClient.open(suite.url)
        for (let sent = 1; sent <= 4; sent++) {
          client.write(rawRequest('/users/1'))
          await client.answers(sent)
          await inFlight(0)
          listeners.push(socket?.listenerCount('close') ?? -1)
        }
        client.destroy()
      })
      expect(new Set(listeners.slice(1)).size, `listeners of close: ${listeners}`).toBe(1)
    })

    it('tell pipelined requests apart', async () => {
      const all = await suite.tellAll(3, async () => {
        const requests = ['/users/1', '/raw/chunks', '/static'].map((path) => rawRequest(path))
        const client = await RawClient.send(suite.url, ...requests)
        expect(await client.answers(3)).toEqual([200, 200, 200])
        client.destroy()
      })
      expect(new Set(all.map(({ span }) => span.spanContext().traceId)).size).toBe(3)
      expect(all.map(({ span }) => span.attributes['error.type'])).toEqual([undefined, undefined, undefined])
    })

    it.each<[string, boolean]>([
      ['node', false],
      ['the app', true],
    ])('tell a request that asks to continue, and is told so by %s, once', async (_who, byApp) => {
      const { server } = suite
      const onCheck = (req: IncomingMessage, res: ServerResponse): void => {
        res.writeContinue()
        server.emit('request', req, res)
      }
      if (byApp) server.on('checkContinue', onCheck)
      try {
        const { span } = await suite.tellOne(async () => {
          const headers = ['Content-Type: application/json', 'Content-Length: 7', 'Expect: 100-continue']
          const client = await RawClient.send(suite.url, rawRequest('/echo', headers, 'POST'))
          await client.answers(1)
          client.write('{"a":1}')
          expect(await client.answers(2)).toEqual([100, 200])
          await inFlight(0)
          client.destroy()
        })
        expect(span.attributes).toMatchObject({ 'http.route': '/echo', 'http.response.status_code': 200 })
      } finally {
        server.off('checkContinue', onCheck)
      }
    })

    const toOwn = ['Connection: Upgrade', 'Upgrade: own']

    it('tell a request to upgrade as any other, where the app has nothing to change to', async () => {
      const { span } = await suite.tellOne(async () => {
        const client = await RawClient.send(suite.url, rawRequest('/static', toOwn))
        expect(await client.answers(1)).toEqual([200])
        await inFlight(0)
        client.destroy()
      })
      expect(span.name).toBe('GET /static')
    })

    it('tell an upgrade by its answer, and let it be', async () => {
      const onUpgrade = (_req: IncomingMessage, socket: Duplex): void => {
        socket.on('error', () => {})
        // Node leaves a connection half open; the server would wait for it when it closes.
        socket.on('end', () => socket.end())
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: own\r\n\r\n')
        socket.on('data', (chunk) => socket.write(chunk))
      }
      suite.server.on('upgrade', onUpgrade)
      const upgraded = async (): Promise<void> => {
        const client = await RawClient.send(suite.url, rawRequest('/static', toOwn))
        await client.answers(1)
        await inFlight(0)
        client.write('hello')
        await client.until('an echo', () => client.text.endsWith('hello'))
        client.destroy()
        await client.closed
      }
      try {
        // An app need not know its server before it has served once.
        await suite.tell('/static')
        suite.observer.clear()
        const { span } = await suite.tellOne(upgraded)
        expect(span.attributes['http.response.status_code']).toBe(101)
        expect(span.attributes['error.type']).toBeUndefined()
      } finally {
        suite.server.off('upgrade', onUpgrade)
      }
    })
  })
}
