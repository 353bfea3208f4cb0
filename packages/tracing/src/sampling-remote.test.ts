import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { SpanKind } from '@opentelemetry/api'
import { createDiagnostics } from '@triscope/core'
import { afterEach, describe, expect, it } from 'vitest'
import { createTracing, type JaegerRemoteOptions } from './index.ts'
import { parseStrategy } from './sampling-strategy.ts'
import { ManualClock, resource } from './tracing.fixture.ts'

const SERVER: SpanKind.SERVER = 1
const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** A Jaeger that says what `answer` does, and a sampler that asks it. */
async function setUp(
  answer: (req: IncomingMessage, res: ServerResponse) => void,
  options: JaegerRemoteOptions = {},
) {
  const asked: string[] = []
  const handler = { answer }
  const server = createServer((req, res) => {
    asked.push(req.url ?? '')
    handler.answer(req, res)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const said: string[] = []
  const pollIntervalMs = options.pollIntervalMs ?? 10_000
  let settledQuestions = 0
  class PollingClock extends ManualClock {
    override timer(delayMs: number, fn: () => void) {
      if (delayMs === pollIntervalMs) settledQuestions++
      return super.timer(delayMs, fn)
    }
  }
  const clock = new PollingClock()
  const tracing = createTracing({
    resource,
    clock,
    diagnostics: createDiagnostics({ onMessage: ({ message }) => said.push(message) }),
    sampler: {
      jaegerRemote: {
        endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        initialRatio: 0,
        ...options,
        pollIntervalMs,
      },
    },
  })
  closing.push(async () => {
    await tracing.shutdown()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const kept = (name = 's', path?: string) =>
    tracing.tracer
      .startSpan(
        name,
        path === undefined
          ? {}
          : { kind: SERVER, attributes: { 'http.request.method': 'GET', 'url.path': path } },
      )
      .isRecording()
  /** Until the answer to this question was taken, or refused: then the next one waits for its time. */
  const settled = async (questions: number) => {
    const deadline = performance.now() + 10_000
    while (settledQuestions < questions) {
      if (performance.now() > deadline)
        throw new Error(`asked ${asked.length} times, settled ${settledQuestions}`)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  return { asked, said, clock, tracing, kept, settled, handler, server }
}

const json = (body: unknown) => (_req: IncomingMessage, res: ServerResponse) =>
  void res.end(JSON.stringify(body))
const probabilistic = (samplingRate: number) => ({
  strategyType: 'PROBABILISTIC',
  probabilisticSampling: { samplingRate },
})

describe('Jaeger remote sampling', () => {
  it('asks for its service at once, and samples as the answer says', async () => {
    const { asked, kept, settled } = await setUp(json(probabilistic(1)))
    expect(kept()).toBe(false)
    await settled(1)
    expect(asked).toEqual(['/sampling?service=orders'])
    expect(kept()).toBe(true)
  })

  it('asks again after the interval, and takes the new answer', async () => {
    const { asked, clock, kept, settled, handler } = await setUp(json(probabilistic(1)))
    await settled(1)
    clock.advance(9_999)
    expect(asked).toHaveLength(1)
    handler.answer = json(probabilistic(0))
    clock.advance(1)
    await settled(2)
    expect(kept()).toBe(false)
  })

  it('keeps the bucket of a rate limit over an answer that says the same', async () => {
    const limit = { strategyType: 'RATE_LIMITING', rateLimitingSampling: { maxTracesPerSecond: 1 } }
    const { clock, kept, settled } = await setUp(json(limit), { pollIntervalMs: 1_000 })
    await settled(1)
    expect([kept(), kept()]).toEqual([true, false])
    clock.advance(1_000)
    await settled(2)
    expect([kept(), kept()]).toEqual([true, false])
  })

  it.each<[string, (req: IncomingMessage, res: ServerResponse) => void, RegExp]>([
    [
      'a status that is no success',
      (_, res) => void res.writeHead(500).end('{}'),
      /status 500; the last one stays in force/,
    ],
    [
      'no JSON',
      (_, res) => void res.end('<html>'),
      /no sampling strategy from http:\/\/127.0.0.1:\d+\/sampling: .*JSON/,
    ],
    ['a connection that is reset', (req) => void req.socket.destroy(), /socket hang up/],
    [
      'a ratio that is none',
      json(probabilistic(7)),
      /samplingRate of probabilisticSampling: expected a number from 0 to 1/,
    ],
    ['an answer without a strategy', json({}), /rateLimitingSampling is no object/],
    [
      'an answer without an end',
      (_, res) => void res.end(`"${'x'.repeat(2_000_000)}"`),
      /longer than 1048576 bytes/,
    ],
  ])('keeps the last strategy for %s', async (_, answer, message) => {
    const { clock, kept, settled, handler, said } = await setUp(json(probabilistic(1)))
    await settled(1)
    handler.answer = answer
    clock.advance(10_000)
    await settled(2)
    expect(kept()).toBe(true)
    expect(said).toEqual([expect.stringMatching(message)])
    handler.answer = json(probabilistic(0))
    clock.advance(10_000)
    await settled(3)
    expect(kept()).toBe(false)
  })

  it('gives up a question that is not answered within five seconds', async () => {
    const { asked, clock, settled, said } = await setUp(() => {})
    while (asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    clock.advance(5_000)
    await settled(1)
    expect(said[0]).toMatch(/no answer within 5000 ms/)
  })

  it('asks no more after shutdown', async () => {
    const { asked, clock, settled, tracing } = await setUp(json(probabilistic(1)))
    await settled(1)
    await tracing.shutdown()
    expect(clock.pending).toBe(0)
    clock.advance(100_000)
    expect(asked).toHaveLength(1)
  })

  it('samples each operation by its own ratio, also a request by method and route', async () => {
    const operation = (name: string, samplingRate: number) => ({
      operation: name,
      probabilisticSampling: { samplingRate },
    })
    const { kept, settled } = await setUp(
      json({
        operationSampling: {
          defaultSamplingProbability: 0,
          defaultLowerBoundTracesPerSecond: 0,
          perOperationStrategies: [
            operation('job', 1),
            operation('GET', 0),
            operation('GET /users/:id', 1),
            operation('GET /static', 1),
          ],
        },
      }),
    )
    await settled(1)
    expect([kept('job'), kept('other')]).toEqual([true, false])
    expect(['/users/42', '/static', '/else'].map((path) => kept('GET', path))).toEqual([true, true, false])
  })

  it('keeps at least the lower bound of each operation, whose weight nobody knows', () => {
    const clock = new ManualClock()
    const none = { word0: 0, word1: 0, word2: 0, word3: 0, hex: '' } as never
    const strategy = parseStrategy(
      {
        operationSampling: {
          defaultSamplingProbability: 0.5,
          defaultLowerBoundTracesPerSecond: 1,
          perOperationStrategies: [{ operation: 'a', probabilisticSampling: { samplingRate: 0 } }],
        },
      },
      clock,
    )
    const decided = (name: string) => strategy.decide(none, name, undefined)
    expect(decided('a')).toEqual({ sampled: true, threshold: undefined, state: undefined })
    expect(decided('a').sampled).toBe(false)
    expect([decided('b').sampled, decided('c').sampled]).toEqual([true, false])
    clock.advance(1_000)
    expect(decided('a').sampled).toBe(true)
  })

  it('takes no answer that is malformed, whatever it is', () => {
    const clock = new ManualClock()
    for (const answer of [
      null,
      [],
      'x',
      { probabilisticSampling: 1 },
      { probabilisticSampling: { samplingRate: '1' } },
      { rateLimitingSampling: { maxTracesPerSecond: -1 } },
      { operationSampling: { perOperationStrategies: {} } },
      { operationSampling: { perOperationStrategies: [{ operation: 1 }] } },
      { operationSampling: { perOperationStrategies: [{ operation: 'a', probabilisticSampling: null }] } },
      { operationSampling: { defaultSamplingProbability: 2 } },
    ]) {
      expect(() => parseStrategy(answer, clock)).toThrow(Error)
    }
  })
})
