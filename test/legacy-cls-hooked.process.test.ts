/** Starts the example, and checks what its README says is to be seen. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { bundleProgram, root } from './source-bundle.ts'
import { freePort, StartedProgram } from './started-program.ts'

const folder = mkdtempSync(join(tmpdir(), 'triscope-legacy-'))
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'

afterAll(() => rmSync(folder, { recursive: true }))

it('examples/legacy-cls-hooked: the app reads the ids of its spans in its own namespace', async () => {
  const place = join(root, 'examples/legacy-cls-hooked')
  const file = await bundleProgram(
    readFileSync(join(place, 'app.js'), 'utf8'),
    folder,
    '../examples/legacy-cls-hooked',
  )
  const port = await freePort()
  const app = new StartedProgram(process.execPath, [file], { PORT: String(port) }, folder)
  try {
    await app.listening(port)
    const answers = await Promise.all(
      ['r-1', 'r-2'].map(async (requestId, index) => {
        const traceId = index === 0 ? TRACE : TRACE.replace('4', '5')
        const response = await fetch(`http://127.0.0.1:${port}/orders/7`, {
          headers: { 'x-request-id': requestId, traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
        })
        expect(await response.json()).toEqual({ id: '7', requestId, traceId })
        return { requestId, traceId }
      }),
    )
    await app.until(() => app.stdout.split('"route":"/orders/:id"').length > 2, 'two access lines')
    const lines = app.stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    for (const { requestId, traceId } of answers) {
      const own = lines.filter((line) => line['requestId'] === requestId)
      expect(own.map(({ legacy }) => legacy)).toEqual(['looking up', 'loaded', 'answering'])
      expect(own.map((line) => line['traceId'])).toEqual([traceId, traceId, traceId])
      const [server, child, after] = own.map((line) => line['spanId'])
      expect(server).toMatch(/^[0-9a-f]{16}$/)
      expect(child).toMatch(/^[0-9a-f]{16}$/)
      expect(after).toBe(server)
      expect(child).not.toBe(server)
      const access = lines.find((line) => line['trace_id'] === traceId)
      expect(access?.['span_id']).toBe(server)
    }
  } finally {
    const { code, signal } = await app.stop()
    expect(code === 0 || signal === 'SIGTERM', app.stderr).toBe(true)
  }
})
