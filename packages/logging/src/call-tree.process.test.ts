/** Ids through the worker of a pino transport and pino-http, and the request's logger anywhere in the call tree. */
import { EventEmitter, once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { pino, type TransportTargetOptions } from 'pino'
import { pinoHttp } from 'pino-http'
import { expect, it } from 'vitest'
import { getLogger, setCurrentLogging } from './index.ts'
import { recordLines, spanContextOf, TRACE, within } from './line-recorder.fixture.ts'

const SPAN = spanContextOf('00f067aa0ba902b7')
const IDS = { trace_id: TRACE, span_id: SPAN.spanId, trace_flags: '01' }

it('reaches the worker of a transport, in the logger of the app and in one made here', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'triscope-transport-'))
  for (const isOwn of [true, false]) {
    const destination = join(folder, `${isOwn}.log`)
    const target: TransportTargetOptions = { target: 'pino/file', options: { destination } }
    const transport = pino.transport(target)
    const options = isOwn ? { destination: transport } : { logger: pino(transport) }
    const { logging } = recordLines(options)
    within(SPAN, () => logging.logger.child({ part: 1 }).info('by the worker'))
    expect(await logging.flush(5_000)).toBe(true)
    transport.end()
    await once(transport, 'close')
    expect(JSON.parse(readFileSync(destination, 'utf8'))).toMatchObject({
      ...IDS,
      part: 1,
      msg: 'by the worker',
    })
  }
  rmSync(folder, { recursive: true })
})

it('is on the lines of pino-http, of its own and by req.log', async () => {
  const written: string[] = []
  const logger = pino({}, { write: (line) => void written.push(line) })
  const { logging } = recordLines()
  const observe = pinoHttp({ logger: logging.correlate(logger) })
  const server = createServer((req, res) => {
    within(SPAN, () => {
      observe(req, res)
      req.log.info('from the handler')
      res.end('ok')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)).text()
  await expect.poll(() => written.length).toBe(2)
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  expect(written.map((line) => JSON.parse(line) as object)).toMatchObject([
    { ...IDS, msg: 'from the handler' },
    { ...IDS, msg: 'request completed' },
  ])
})

it('is the child of the request in all that it starts: awaits, timers, emitters, streams, ticks', async () => {
  const { logging, lines } = recordLines()
  const undo = setCurrentLogging(logging)
  const log = getLogger('deep')
  const emitter = new EventEmitter()
  emitter.on('go', () => log.info('emitter'))
  const spans = ['00f067aa0ba902b7', 'b7ad6b7169203331'].map((id) => spanContextOf(id))
  const wait = (start: (done: (value: unknown) => void) => void) => new Promise(start)
  await Promise.all(
    spans.map((span) =>
      within(span, async () => {
        await null
        log.info('await')
        await wait((done) => setTimeout(() => done(log.info('timer')), 1))
        await wait((done) => setImmediate(() => done(log.info('immediate'))))
        await wait((done) => process.nextTick(() => done(log.info('tick'))))
        await wait((done) => queueMicrotask(() => done(log.info('microtask'))))
        emitter.emit('go')
        const through = new Transform({
          transform(chunk, _, done) {
            log.info('stream')
            done(null, chunk)
          },
        })
        await pipeline(Readable.from(['x']), through, async (source) => {
          for await (const _ of source) log.info('sink')
        })
      }),
    ),
  )
  undo()
  const words = ['await', 'timer', 'immediate', 'tick', 'microtask', 'emitter', 'stream', 'sink']
  for (const { spanId } of spans) {
    const own = lines().filter((line) => line['span_id'] === spanId)
    expect(own.map((line) => line['msg'])).toEqual(words)
    expect(own.every((line) => line['logger'] === 'deep')).toBe(true)
  }
  expect(lines()).toHaveLength(2 * words.length)
})
