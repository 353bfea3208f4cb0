/** Beside the OpenTelemetry SDK with its HTTP and Express instrumentations: each tells its own, and nothing is told twice. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { bundleProgram, root } from './source-bundle.ts'
import { StartedProgram } from './started-program.ts'

const folder = mkdtempSync(join(tmpdir(), 'triscope-beside-'))

afterAll(() => rmSync(folder, { recursive: true }))

/** Serves two requests, one of which calls the other, and prints what each side has told. */
const program = (order: 'otel first' | 'triscope first'): string => `
import { createRequire } from 'node:module'
import { registerInstrumentations } from '@opentelemetry/instrumentation'
import { ExpressInstrumentation } from '@opentelemetry/instrumentation-express'
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node'
import { triscope } from '@triscope/express'
import { createTelemetry } from '@triscope/sdk'

const ours = []
const warnings = []
const recorder = { onStart() {}, onEnd: (span) => ours.push(span), forceFlush: async () => {}, shutdown: async () => {} }
const theirs = new InMemorySpanExporter()

function startOtel() {
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(theirs)] })
  provider.register()
  registerInstrumentations({
    tracerProvider: provider,
    instrumentations: [new HttpInstrumentation(), new ExpressInstrumentation()],
  })
}
function startTriscope() {
  return createTelemetry({
    banner: false, flushAtExit: false, metrics: { runtime: false }, tracing: { processors: [recorder] },
    logging: { access: 'off' }, onWarning: ({ code }) => warnings.push(code),
  })
}

let telemetry
if (${order === 'otel first'}) { startOtel(); telemetry = startTriscope() }
else { telemetry = startTriscope(); startOtel() }

const require = createRequire(${JSON.stringify(join(root, 'packages/express/package.json'))})
const http = require('node:http')
const express = require('express')
const app = express()
app.use(triscope(telemetry))
app.get('/inner/:id', (req, res) => res.json(req.headers.traceparent))
app.get('/outer', (req, res) => {
  http.get('http://127.0.0.1:' + server.address().port + '/inner/1', (answer) => answer.pipe(res))
})
const server = app.listen(0, '127.0.0.1', () => {
  fetch('http://127.0.0.1:' + server.address().port + '/outer', { headers: { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' } })
    .then((answer) => answer.text())
    .then(() => setTimeout(report, 100))
})
async function report() {
  server.close()
  server.closeAllConnections()
  let text = ''
  for await (const chunk of telemetry.registry.expose({ accept: 'text/plain' }).body) text += new TextDecoder().decode(chunk)
  const count = (name) => [...text.matchAll(new RegExp('^' + name + '_count\\\\{.*?\\\\} (\\\\d+)', 'gm'))].map(([, n]) => Number(n)).reduce((a, b) => a + b, 0)
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
  console.log(JSON.stringify({
    ours: ours.filter((span) => span.spanContext().traceId === trace).map((span) => span.kind + ' ' + span.name).sort(),
    counted: count('http_server_request_duration_seconds'),
    theirServers: theirs.getFinishedSpans().filter((span) => span.kind === 1 && span.spanContext().traceId === trace).length,
    warnings,
  }))
  process.exit(0)
}
`

describe.each(['otel first', 'triscope first'] as const)('beside the OpenTelemetry SDK, %s', (order) => {
  it('counts each request once, in one trace with it, and says which of the two spans of libraries go to', async () => {
    const cwd = join(folder, order.replace(' ', '-'))
    const file = await bundleProgram(program(order), cwd, 'express')
    const started = new StartedProgram(process.execPath, [file], {}, cwd)
    expect(await started.ended(), started.stderr).toEqual({ code: 0, signal: null })
    const told = JSON.parse(started.stdout) as Record<string, unknown>
    expect(told).toMatchObject({
      ours: ['1 GET /inner/:id', '1 GET /outer', '2 GET'],
      counted: 2,
      theirServers: 2,
    })
    expect(told['warnings']).toEqual(order === 'otel first' ? ['TRI_WARN_API_TAKEN'] : [])
  })
})
