import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { OtlpReceiver } from './otlp-receiver.ts'
import { bundleProgram } from './source-bundle.ts'
import { StartedProgram } from './started-program.ts'

let folder = ''
let receiver: OtlpReceiver

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'triscope-end-'))
  receiver = await OtlpReceiver.listen()
})

afterEach(async () => {
  await receiver.close()
  rmSync(folder, { recursive: true })
})

/** One span, then `rest`; spans go to the receiver unless `env` says otherwise. */
async function start(rest: string, env: Record<string, string> = {}): Promise<StartedProgram> {
  const program = await bundleProgram(
    `import { createTelemetry, getLogger, span } from '@triscope/sdk'
    createTelemetry({ banner: false })
    span('work', () => getLogger().info('working'))
    ${rest}`,
    folder,
    'sdk',
  )
  return new StartedProgram(
    process.execPath,
    [program],
    { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, ...env },
    folder,
  )
}

const names = () => receiver.spans.map(({ name }) => name)

describe('the end of a program with the whole sdk in it', () => {
  it('sends what is queued at the end of the event loop, and keeps the exit code', async () => {
    const program = await start('process.exitCode = 3')
    expect(await program.ended()).toEqual({ code: 3, signal: null })
    expect(names()).toEqual(['work'])
  })

  it.each(['SIGTERM', 'SIGINT'] as const)('sends what is queued at %s, and ends by it', async (signal) => {
    const program = await start('setInterval(() => {}, 1000)')
    await program.until(() => program.stdout.includes('working'), 'its line')
    expect(await program.stop(signal)).toEqual({ code: null, signal })
    expect(names()).toEqual(['work'])
  })

  it('counts and tells what a collector that hangs did not take, within its five seconds', async () => {
    const hanging = createServer()
    await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve))
    const { port } = hanging.address() as { port: number }
    const sockets = new Set<{ destroy(): void }>()
    hanging.on('connection', (socket) => {
      sockets.add(socket)
      socket.resume()
    })
    const program = await start('setInterval(() => {}, 1000)', {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    })
    await program.until(() => program.stdout.includes('working'), 'its line')
    expect(await program.stop()).toEqual({ code: null, signal: 'SIGTERM' })
    expect(program.stdout).toMatch(/"msg":"triscope: .*1 span/)
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => hanging.close(resolve))
  })
})
