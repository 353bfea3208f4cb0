/**
 * The two lines of OpenTelemetry packages that apps have today, and both at once. On each the app's own copy of the API
 * must see our spans, and a processor of that line must be handed spans it understands.
 */
import { cpSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { StartedProgram } from '../started-program.ts'
import { EmptyApp } from './empty-app.ts'
import { nodeBinary } from './node-binary.ts'
import { checkOneRequest, listeningOrigin, parentSpanId, traceId, traceparent } from './one-request.ts'

const api = '@opentelemetry/api'
const syntaxes = ['mjs', 'cjs'] as const
type Syntax = (typeof syntaxes)[number]

describe('API 1.9 with sdk-trace-base 2.12', () => {
  const app = new EmptyApp(inject('packed'))

  beforeAll(async () => {
    await app.install('express', `${api}@1.9`, '@opentelemetry/sdk-trace-base@2.12')
    await app.installPacked('express')
  })

  afterAll(() => app.remove())

  it.each(syntaxes)('hands a processor of 2.x the right spans (%s)', async (syntax) => {
    expect(app.copiesOf(api)).toHaveLength(1)
    const lane = { sdk: '@opentelemetry/sdk-trace-base', processor: 'new SimpleSpanProcessor(exporter)' }
    await checkProcessor(app.write(`lane.${syntax}`, program(syntax, lane)))
  })
})

describe('API 1.10 with sdk-trace 3.x', () => {
  const app = new EmptyApp(inject('packed'))
  let node: string

  beforeAll(async () => {
    // The 3.x line wants Node 22.15.
    node = await nodeBinary(24)
    await app.install('express', `${api}@^1.10.0`, '@opentelemetry/sdk-trace@3')
    await app.installPacked('express')
  })

  afterAll(() => app.remove())

  it.each(syntaxes)('hands a processor of 3.x the right spans (%s)', async (syntax) => {
    expect(app.copiesOf(api)).toHaveLength(1)
    const lane = { sdk: '@opentelemetry/sdk-trace', processor: 'new SimpleSpanProcessor({ exporter })' }
    await checkProcessor(app.write(`lane.${syntax}`, program(syntax, lane)), node)
  })
})

describe.each([
  ['1.10', '1.9'],
  ['1.9', '1.10'],
])('an app on API %s with a copy of %s below Triscope', (ofApp, nested) => {
  const app = new EmptyApp(inject('packed'))
  const other = new EmptyApp(inject('packed'))
  const nestedPath = join(app.folder, 'node_modules/@triscope/node_modules', api)

  beforeAll(async () => {
    await other.install(`${api}@~${nested}.0`)
    await app.install('express', `${api}@~${ofApp}.0`)
    await app.installPacked('express')
    // What installers do when ranges do not meet; here by hand, so that no range has to be wrong for it.
    cpSync(join(other.folder, 'node_modules', api), nestedPath, { recursive: true })
    other.remove()
  })

  afterAll(() => app.remove())

  it.each(syntaxes)('names both copies, and both see the span (%s)', async (syntax) => {
    const file = app.write(`copies.${syntax}`, program(syntax))
    const started = new StartedProgram(process.execPath, [file], {}, app.folder)
    try {
      const origin = await listeningOrigin(started)
      const answer = await fetch(`${origin}/users/42`, { headers: { traceparent } })
      expect(answer.headers.get('x-active-trace')).toBe(traceId)
      const said = `${started.stdout}${started.stderr}`
      expect(said).toContain('TRI_WARN_API_COPIES')
      expect(said).toContain(join(app.folder, 'node_modules', api))
      expect(said).toContain(nestedPath)
    } finally {
      await started.stop()
    }
  })
})

/** Runs the app of a lane: all signals first, then what the processor was handed. */
async function checkProcessor(file: string, node: string = process.execPath): Promise<void> {
  await checkOneRequest(file, node)
  const app = new StartedProgram(node, [file], {}, dirname(file))
  try {
    const origin = await listeningOrigin(app)
    await (await fetch(`${origin}/users/42`, { headers: { traceparent } })).text()
    let spans: Record<string, unknown>[] = []
    const finished = async () => {
      spans = (await (await fetch(`${origin}/spans`)).json()) as Record<string, unknown>[]
      return spans.filter((span) => span['traceId'] === traceId).length === 2
    }
    await app.until(finished, 'two finished spans')
    const [price, server] = spans
    expect(price).toMatchObject({
      name: 'price',
      kind: 0,
      parent: server?.['spanId'],
      attributes: { 'cart.items': 3 },
      events: [{ name: 'priced', attributes: { 'price.total': 12 } }],
      scope: 'shop',
    })
    expect(server).toMatchObject({
      name: 'GET /users/:id',
      kind: 1,
      parent: parentSpanId,
      attributes: { 'http.route': '/users/:id', 'http.response.status_code': 200 },
      service: 'shop',
      ended: true,
    })
  } finally {
    await app.stop()
  }
}

/** Loads and answers as every app here does. */
function program(syntax: Syntax, lane?: { readonly sdk: string; readonly processor: string }): string {
  const load = (names: string, from: string) =>
    syntax === 'mjs' ? `import ${names} from '${from}'` : `const ${names} = require('${from}')`
  return `
${load('{ trace }', api)}
${load('express', 'express')}
${load('{ triscope }', '@triscope/express')}
${lane === undefined ? '' : load('{ InMemorySpanExporter, SimpleSpanProcessor }', lane.sdk)}

const app = express()
${lane === undefined ? 'app.use(triscope())' : withProcessor(lane.processor)}
app.get('/users/:id', (req, res) => {
  req.log.info({ user: req.params.id }, 'looked up')
  trace.getTracer('shop').startActiveSpan('price', { attributes: { 'cart.items': 3 } }, (span) => {
    span.addEvent('priced', { 'price.total': 12 })
    span.end()
  })
  res.set('x-active-trace', trace.getActiveSpan()?.spanContext().traceId ?? 'none')
  res.json({ id: req.params.id })
})
const server = app.listen(0, '127.0.0.1', () => console.log('listening on', server.address().port))
`
}

function withProcessor(processor: string): string {
  return `
const exporter = new InMemorySpanExporter()
app.use(triscope({ tracing: { processors: [${processor}] } }))
app.get('/spans', (_req, res) => {
  res.json(exporter.getFinishedSpans().map((span) => ({
    name: span.name,
    kind: span.kind,
    traceId: span.spanContext().traceId,
    spanId: span.spanContext().spanId,
    parent: span.parentSpanContext?.spanId,
    attributes: span.attributes,
    events: span.events.map(({ name, attributes }) => ({ name, attributes })),
    scope: span.instrumentationScope.name,
    service: span.resource.attributes['service.name'],
    ended: span.ended,
  })))
})`
}
