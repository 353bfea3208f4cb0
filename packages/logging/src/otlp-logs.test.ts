import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { createDiagnostics, systemClock } from '@triscope/core'
import { pino } from 'pino'
import { afterEach, describe, expect, it } from 'vitest'
import { spanContextOf, TRACE, within } from './line-recorder.fixture.ts'
import { createLogging, type Logging, type LoggingOptions } from './logging.ts'

const load = createRequire(import.meta.url)
const CLASSES = '@opentelemetry/otlp-transformer/build/src/generated/root.js'
interface Decoded {
  resourceLogs: {
    resource: { attributes: { key: string; value: object }[] }
    scopeLogs: { scope: { name: string }; logRecords: Record<string, unknown>[] }[]
  }[]
}
interface RequestClass {
  decode(bytes: Uint8Array): object
  toObject(message: object, options: object): Decoded
}
/** The decoder of OpenTelemetry JS, which is not ours. */
const { opentelemetry } = load(CLASSES) as {
  opentelemetry: { proto: { collector: { logs: { v1: { ExportLogsServiceRequest: RequestClass } } } } }
}
const { ExportLogsServiceRequest } = opentelemetry.proto.collector.logs.v1
// The test runner's export conditions reach `require`, so protobufjs gets the ES module of `long` and not its class.
const protobuf = createRequire(load.resolve(CLASSES))('protobufjs/minimal') as {
  util: { Long: unknown }
  configure(): void
}
if (typeof protobuf.util.Long !== 'function') {
  protobuf.util.Long = (protobuf.util.Long as { default: unknown }).default
  protobuf.configure()
}

function recordsOf(bodies: readonly Buffer[]): Record<string, unknown>[] {
  return bodies.flatMap((body) => {
    const decoded = ExportLogsServiceRequest.toObject(ExportLogsServiceRequest.decode(body), {
      longs: String,
      bytes: String,
    })
    return decoded.resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords))
  })
}

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function collector(status = 200) {
  const bodies: Buffer[] = []
  const seen: { url: string | undefined; type: string | undefined }[] = []
  const server = createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      bodies.push(Buffer.concat(chunks))
      seen.push({ url: req.url, type: req.headers['content-type'] })
      res.writeHead(status).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => new Promise((resolve) => server.close(resolve)))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/v1/logs`, bodies, seen }
}

function open(
  url: string,
  options: LoggingOptions = {},
): { logging: Logging; lines: string[]; dropped: () => number } {
  const lines: string[] = []
  const diagnostics = createDiagnostics({ onMessage: () => {} })
  const own: LoggingOptions =
    options.logger === undefined
      ? { destination: { write: (line) => lines.push(line) }, service: 'orders' }
      : {}
  const logging = createLogging({
    ...own,
    otlp: { url, compression: 'none', maxRecords: 100 },
    resource: { attributes: { 'service.name': 'orders' } },
    clock: systemClock,
    diagnostics,
    ...options,
  })
  closing.push(() => logging.shutdown(1_000))
  const dropped = (): number =>
    diagnostics
      .snapshot()
      .filter(
        ({ name, labels }) => name === 'triscope_telemetry_dropped_total' && labels['signal'] === 'logs',
      )
      .reduce((sum, { value }) => sum + value, 0)
  return { logging, lines, dropped }
}

/** As OTLP's JSON shows base64. */
const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64')

describe('OTLP logs', () => {
  it('say, to a decoder that is not ours, what each line said, and the line is written all the same', async () => {
    const { url, bodies, seen } = await collector()
    const { logging, lines } = open(url)
    within(spanContextOf('00f067aa0ba902b7'), () => {
      logging
        .getLogger('billing')
        .warn({ order: 7, password: 'p', deep: { list: [1, 'x', null] }, ok: true }, 'late')
    })
    logging.logger.error(new RangeError('too far'))
    logging.access({ method: 'GET', route: '/a', path: '/a', status: 200, durationMs: 1.5 }, 'info')
    expect(await logging.flush()).toBe(true)
    expect(seen[0]).toEqual({ url: '/v1/logs', type: 'application/x-protobuf' })
    const [first, second, third] = recordsOf(bodies)
    expect(first).toMatchObject({
      severityNumber: 13,
      severityText: 'warn',
      body: { stringValue: 'late' },
      traceId: base64(TRACE),
      spanId: base64('00f067aa0ba902b7'),
      flags: 1,
      attributes: [
        { key: 'logger', value: { stringValue: 'billing' } },
        { key: 'order', value: { intValue: '7' } },
        { key: 'password', value: { stringValue: '[REDACTED]' } },
        {
          key: 'deep',
          value: {
            kvlistValue: {
              values: [
                {
                  key: 'list',
                  value: { arrayValue: { values: [{ intValue: '1' }, { stringValue: 'x' }, {}] } },
                },
              ],
            },
          },
        },
        { key: 'ok', value: { boolValue: true } },
      ],
    })
    expect(Number(first?.['timeUnixNano'])).toBeCloseTo(Date.now() * 1e6, -13)
    expect(second?.['traceId']).toBeUndefined()
    expect(second).toMatchObject({ severityNumber: 17, body: { stringValue: 'too far' } })
    expect(JSON.stringify(second?.['attributes'])).toMatch(
      /exception\.type.*RangeError.*exception\.stacktrace/,
    )
    expect(JSON.stringify(third?.['attributes'])).toMatch(
      /http\.request\.method.*http\.route.*http\.response\.status_code/,
    )
    expect(lines).toHaveLength(3)
  })

  it('have the lines of the app’s own pino too, redacted, which stay as they are', async () => {
    const { url, bodies } = await collector()
    const written: string[] = []
    const own = pino({ messageKey: 'message' }, { write: (line: string) => void written.push(line) })
    const { logging } = open(url, { logger: own })
    own.child({ child: 1 }).info({ token: 't', order: 7 }, 'placed')
    logging.logger.info('Bearer S3CR3Ttoken')
    await logging.flush()
    expect(recordsOf(bodies)).toMatchObject([
      { body: { stringValue: 'placed' }, severityText: 'info' },
      { body: { stringValue: 'Bearer [REDACTED]' } },
    ])
    expect(JSON.stringify(recordsOf(bodies))).not.toMatch(/"t"|S3CR3T/)
    expect(written[0]).toContain('"token":"t"')
  })

  it('hold a bounded number of records, and count what is lost', async () => {
    const { url, bodies } = await collector(400)
    const { logging, lines, dropped } = open(url)
    for (let i = 0; i < 500; i++) logging.logger.info({ i }, 'line')
    await logging.shutdown(2_000)
    logging.logger.info('after')
    expect(lines).toHaveLength(501)
    expect(dropped()).toBe(501)
    expect(recordsOf(bodies).length).toBeLessThanOrEqual(100)
  })

  it('are refused with an option that does not exist', () => {
    expect(() => createLogging({ otlp: { uri: 'x' } as never })).toThrow('unknown option "logging.otlp.uri"')
  })
})
