import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { ProxyTracerProvider, type TracerProvider, trace } from '@opentelemetry/api'
import { apiGlobal, createDiagnostics } from '@triscope/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findApiCopies, reconcileApiCopies } from './api-copies.ts'

const require = createRequire(import.meta.url)
const ours = dirname(dirname(dirname(require.resolve('@opentelemetry/api'))))
let app = ''
let theirs = ''

beforeAll(() => {
  app = realpathSync(mkdtempSync(join(tmpdir(), 'triscope-')))
  theirs = join(app, 'node_modules', '@opentelemetry', 'api')
  mkdirSync(dirname(theirs), { recursive: true })
  cpSync(ours, theirs, { recursive: true, dereference: true })
  // A newer copy: its package.json and its own idea of its version.
  for (const file of ['package.json', join('build', 'src', 'version.js')]) {
    const text = readFileSync(join(theirs, file), 'utf8')
    writeFileSync(join(theirs, file), text.replace(/1\.9\.\d+/, '1.10.0'))
  }
})

afterAll(() => rmSync(app, { recursive: true }))

describe('copies of the OpenTelemetry API', () => {
  it('finds the copy that the app would load before anybody has loaded it', () => {
    expect(findApiCopies(app)).toContainEqual({ path: theirs, version: '1.10.0' })
    expect(findApiCopies(app).length).toBe(findApiCopies('/').length + 1)
  })

  it('finds the copy of our own package, which as an ES module is in no list', () => {
    const sdk = join(app, 'node_modules', '@triscope', 'sdk')
    const nested = join(sdk, 'node_modules', '@opentelemetry', 'api')
    mkdirSync(dirname(nested), { recursive: true })
    cpSync(ours, nested, { recursive: true, dereference: true })
    writeFileSync(join(sdk, 'package.json'), '{"name":"@triscope/sdk","main":"index.js"}')
    writeFileSync(join(sdk, 'index.js'), '')
    expect(findApiCopies(app).map(({ path }) => path)).toContain(nested)
    rmSync(sdk, { recursive: true })
  })

  it('names both, and lets the newer one see the provider that was registered through the older', () => {
    const newer = createRequire(join(app, 'app.js'))(
      '@opentelemetry/api',
    ) as typeof import('@opentelemetry/api')
    const named: string[] = []
    const provider: TracerProvider = {
      getTracer(name) {
        named.push(name)
        return new ProxyTracerProvider().getTracer(name)
      },
    }
    trace.setGlobalTracerProvider(provider)
    newer.trace.getTracerProvider().getTracer('before').startSpan('x')
    expect(named, 'a newer copy does not see it, in silence').toEqual([])

    const said: string[] = []
    const diagnostics = createDiagnostics({
      onMessage: ({ code, message }) => said.push(`${code} ${message}`),
    })
    // Asked from elsewhere: the copy is known because it is loaded.
    const copies = findApiCopies('/')
    reconcileApiCopies(diagnostics, copies)

    newer.trace.getTracerProvider().getTracer('after').startSpan('x')
    expect(named).toEqual(['after'])
    expect(apiGlobal()?.version).toBe('1.10.0')
    expect(said).toHaveLength(1)
    expect(said[0]).toContain(
      `TRI_WARN_API_COPIES ${copies.length} copies of @opentelemetry/api are in this process`,
    )
    expect(said[0]).toContain(`1.10.0 at ${theirs}`)
    expect(said[0]).toContain(`at ${ours}`)
  })

  it('says nothing of one copy', () => {
    const said: string[] = []
    const diagnostics = createDiagnostics({ onMessage: ({ message }) => said.push(message) })
    reconcileApiCopies(diagnostics, [{ path: ours, version: '1.9.1' }])
    expect(said).toEqual([])
  })
})
