/** How a service ends: not ready, no new connections, requests in flight finished, spans sent, and then as it would have. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, utimesSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { OtlpReceiver } from './otlp-receiver.ts'
import { bundleProgram } from './source-bundle.ts'
import { freePort, StartedProgram } from './started-program.ts'

type Framework = 'express' | 'fastify' | 'http'

/** `/slow` answers when the process is told SIGUSR2; `/fast` at once. */
const APPS: Readonly<Record<Framework, string>> = {
  express: `
    import express from 'express'
    import { triscope } from '@triscope/express'
    const app = express()
    app.use(triscope(OPTIONS))
    app.get('/fast', (req, res) => res.send('fast'))
    app.get('/slow', (req, res) => slow(() => res.send('slow')))
    const server = app.listen(PORT, '127.0.0.1')`,
  fastify: `
    import Fastify from 'fastify'
    import triscope from '@triscope/fastify'
    const app = Fastify()
    await app.register(triscope, OPTIONS)
    app.get('/fast', async () => 'fast')
    app.get('/slow', () => new Promise((resolve) => slow(() => resolve('slow'))))
    await app.listen({ port: PORT, host: '127.0.0.1' })
    const { server } = app`,
  http: `
    import { createServer } from 'node:http'
    import { triscope } from '@triscope/http'
    const server = createServer((req, res) => {
      triscope.requestOf(req).route(req.url)
      if (req.url === '/slow') slow(() => res.end('slow'))
      else res.end('fast')
    })
    triscope(server, OPTIONS)
    server.listen(PORT, '127.0.0.1')`,
}

let folder = ''
let receiver: OtlpReceiver
let port = 0
const programs: StartedProgram[] = []

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'triscope-drain-'))
  receiver = await OtlpReceiver.listen()
  port = await freePort()
})

afterEach(async () => {
  for (const program of programs.splice(0)) await program.stop()
  await receiver.close()
  rmSync(folder, { recursive: true })
})

interface Setup {
  options?: string
  rest?: string
  env?: Record<string, string>
  command?: (file: string) => readonly [string, readonly string[]]
}

async function start(framework: Framework, setup: Setup = {}): Promise<StartedProgram> {
  const { options = '{}', rest = '', env = {}, command = (file) => [process.execPath, [file]] } = setup
  const source = APPS[framework].replace('OPTIONS', options).replace('PORT', String(port))
  const file = await bundleProgram(
    `${source}
    const waiting = []
    function slow(answer) { waiting.push(answer); console.log('slow began') }
    process.on('SIGUSR2', () => { for (const answer of waiting) answer() })
    ${rest}`,
    folder,
    framework,
  )
  const [program, args] = command(file)
  const started = new StartedProgram(
    program,
    args,
    { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, ...env },
    folder,
  )
  programs.push(started)
  await started.listening(port)
  return started
}

const url = (path: string): string => `http://127.0.0.1:${port}${path}`
const status = async (path: string, init?: RequestInit): Promise<number> =>
  (await fetch(url(path), init)).status

/** A request over a connection that is kept alive, as a load balancer's is. */
function ask(path: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url(path), { agent }, (res) => {
      let text = ''
      res.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      res.on('end', () => resolve(`${res.statusCode} ${text}`))
    }).on('error', reject)
  })
}

const refuses = (): Promise<boolean> =>
  new Promise((resolve) => {
    const socket: Socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(false)
    })
    socket.once('error', () => resolve(true))
  })

const names = (): string[] => receiver.spans.map(({ name }) => name).sort()

describe.each<Framework>(['express', 'fastify', 'http'])('%s', (framework) => {
  it('serves health and guarded metrics, and records neither', async () => {
    const program = await start(framework, {
      options: `{ metrics: { token: '0123456789abcdef' }, health: { checks: { db: async () => { if (down) throw new Error('gone') } }, cacheMs: 0 } }`,
      rest: `let down = false; process.on('SIGHUP', () => { down = true; console.log('down') })`,
    })
    expect([await status('/livez'), await status('/readyz'), await status('/metrics')]).toEqual([
      200, 200, 401,
    ])
    const authorization = 'Bearer 0123456789abcdef'
    expect(await status('/metrics', { headers: { authorization } })).toBe(200)
    program.signal('SIGHUP')
    await program.until(() => program.stdout.includes('down'), 'it to be down')
    const answer = await fetch(url('/readyz?verbose'))
    expect([answer.status, await answer.json()]).toMatchObject([
      503,
      { status: 'not ready', checks: { db: { ok: false, error: 'gone' } } },
    ])
    const scrape = await (await fetch(url('/metrics'), { headers: { authorization } })).text()
    expect(scrape).not.toMatch(/http_server_request_duration_seconds_count\{/)
    expect(await status('/fast')).toBe(200)
    await program.stop()
    expect(names()).toEqual(['GET /fast'])
  })

  it('finishes what is in flight at SIGTERM, accepts nothing more, and ends by the signal', async () => {
    const program = await start(framework, { options: '{ shutdown: { delayMs: 400 } }' })
    const agent = new Agent({ keepAlive: true })
    const slow = ask('/slow', agent)
    await program.until(() => program.stdout.includes('slow began'), 'the request')
    program.signal('SIGTERM')
    await program.until(async () => (await status('/readyz')) === 503, 'it to be not ready')
    expect([await status('/livez'), await status('/fast')]).toEqual([200, 200])
    await program.until(refuses, 'it to stop accepting')
    expect(names()).toEqual([])
    program.signal('SIGUSR2')
    expect(await slow).toBe('200 slow')
    expect(await program.ended()).toEqual({ code: null, signal: 'SIGTERM' })
    expect(names()).toEqual(['GET /fast', 'GET /slow'])
    agent.destroy()
  })
})

describe('the end of a service', () => {
  it('leaves a request that does not end, at its deadline', async () => {
    const program = await start('http', { options: '{ shutdown: { requestsMs: 200 } }' })
    const slow = fetch(url('/slow')).catch(() => 'cut off')
    await program.until(() => program.stdout.includes('slow began'), 'the request')
    program.signal('SIGTERM')
    expect(await program.ended()).toEqual({ code: null, signal: 'SIGTERM' })
    expect(await slow).toBe('cut off')
  })

  it('does not hold up a second signal', async () => {
    const program = await start('http')
    const slow = fetch(url('/slow')).catch(() => 'cut off')
    await program.until(() => program.stdout.includes('slow began'), 'the request')
    program.signal('SIGINT')
    await program.until(refuses, 'it to stop accepting')
    program.signal('SIGINT')
    expect(await program.ended()).toEqual({ code: null, signal: 'SIGINT' })
    expect(await slow).toBe('cut off')
  })

  it('ends in time beside a collector that hangs', async () => {
    const hanging = createServer((socket) => socket.resume())
    const sockets = new Set<Socket>()
    hanging.on('connection', (socket) => sockets.add(socket))
    await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve))
    const { port: at } = hanging.address() as { port: number }
    const program = await start('http', {
      options: '{ shutdown: { flushMs: 500 } }',
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${at}` },
    })
    await status('/fast')
    const before = performance.now()
    expect(await program.stop()).toEqual({ code: null, signal: 'SIGTERM' })
    expect(performance.now() - before).toBeLessThan(4_000)
    expect(program.stdout).toMatch(/"code":"TRI_WARN_LOST_AT_END"|1 span/)
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => hanging.close(resolve))
  })

  it('leaves closing and ending to an app that listens, and sends what it records until then', async () => {
    const program = await start('http', {
      rest: `process.on('SIGTERM', () => { console.log('told'); server.close(() => setTimeout(() => process.exit(7), 1000)) })`,
    })
    const agent = new Agent({ keepAlive: false })
    const slow = ask('/slow', agent)
    await program.until(() => program.stdout.includes('slow began'), 'the request')
    program.signal('SIGTERM')
    await program.until(() => program.stdout.includes('told'), 'the app to be told')
    program.signal('SIGUSR2')
    expect(await slow).toBe('200 slow')
    expect(await program.ended()).toEqual({ code: 7, signal: null })
    expect(names()).toEqual(['GET /slow'])
  })

  it('shuts down once, however often and by whomever it is asked', async () => {
    const program = await start('http', {
      rest: `
        const telemetry = triscope.of(server)
        process.on('SIGUSR1', async () => {
          const all = await Promise.all([telemetry.shutdown(), telemetry.shutdown(), telemetry.flush()])
          console.log('ended ' + all.join() + ' ' + (await telemetry.health()).status)
          server.close()
        })`,
    })
    await status('/fast')
    program.signal('SIGUSR1')
    expect(await program.ended()).toEqual({ code: 0, signal: null })
    expect(program.stdout).toContain('ended true,true,true draining')
    expect(names()).toEqual(['GET /fast'])
  })

  it('drains each worker of a cluster, and the primary ends as it would have', async () => {
    const program = await start('http', {
      rest: '',
      command: (file) => [
        process.execPath,
        [
          '--input-type=module',
          '-e',
          `import cluster from 'node:cluster'
          cluster.setupPrimary({ exec: ${JSON.stringify(file)}, execArgv: [] })
          const workers = [cluster.fork(), cluster.fork()]
          let left = 2
          process.on('SIGTERM', () => { for (const { process: child } of workers) child.kill('SIGTERM') })
          cluster.on('exit', (worker, code, signal) => {
            console.log('worker ended by ' + (signal ?? code))
            if (--left === 0) process.exit(0)
          })`,
        ],
      ],
    })
    // Round robin: both workers get some.
    for (let i = 0; i < 4; i++) await status('/fast', { headers: { connection: 'close' } })
    program.signal('SIGTERM')
    expect(await program.ended()).toEqual({ code: 0, signal: null })
    expect(program.stdout.match(/worker ended by SIGTERM/g)).toHaveLength(2)
    expect(names()).toEqual(Array(4).fill('GET /fast'))
  })

  it('finishes requests before node --watch starts the program anew', async () => {
    const program = await start('http', { command: (file) => [process.execPath, ['--watch', file]] })
    await status('/fast')
    const agent = new Agent({ keepAlive: false })
    const slow = ask('/slow', agent)
    await program.until(() => program.stdout.includes('slow began'), 'the request')
    setTimeout(() => spawnSync('pkill', ['-USR2', '-P', String(program.pid)]), 700)
    const later = new Date(Date.now() + 5_000)
    utimesSync(join(folder, 'program.mjs'), later, later)
    expect(await slow).toBe('200 slow')
    await program.until(() => names().includes('GET /slow'), 'its span')
    await program.listening(port)
    await program.stop()
  })

  const unshare = spawnSync('unshare', ['--pid', '--fork', 'true']).status === 0

  it.skipIf(!unshare)('ends as process 1 of a container, where signals have no default action', async () => {
    const program = await start('http', {
      rest: `console.log('I am ' + process.pid)`,
      command: (file) => ['unshare', ['--pid', '--fork', '--kill-child', process.execPath, file]],
    })
    expect(program.stdout).toContain('I am 1\n')
    await status('/fast')
    spawnSync('pkill', ['-TERM', '-P', String(program.pid)])
    expect(await program.ended()).toEqual({ code: 143, signal: null })
    expect(names()).toEqual(['GET /fast'])
  })
})
