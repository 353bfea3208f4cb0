/** An app with Triscope for a real server to scrape, run from source, and the server's own way of being asked. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundleProgram } from '../source-bundle.ts'
import { freePort, StartedProgram } from '../started-program.ts'

export const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'

/** Requests sent before the first scrape; all of them carry the trace, so that whichever exemplar is kept names it. */
export const requests = 3

const program = `
import express from 'express'
import { triscope } from '@triscope/express'

const app = express()
app.use(triscope({ service: 'shop' }))
app.get('/users/:id', (req, res) => {
  res.json({ id: req.params.id })
})
const server = app.listen(0, '127.0.0.1', () => console.log('listening on', server.address().port))
`

/** Starts the app, and a server that scrapes it each second; `stop` ends both and removes what they wrote. */
export interface Scraped {
  /** Asks the server's HTTP API, and again until `found` gives something; throws after 25 s. */
  query<T>(path: string, found: (answer: Answer) => T | undefined): Promise<T>
  stop(): Promise<void>
}

/** What both servers answer in their query API. */
export interface Answer {
  readonly status: string
  readonly data: unknown
}

/** Whether `binary` can be started here. */
export function isInstalled(binary: string): boolean {
  return spawnSync(binary, ['--version']).error === undefined
}

/**
 * @param args of the server, from its scrape configuration, its data folder and its address
 * @param app another one, in the package whose dependencies it needs; it must say `listening on <port>`
 */
export async function startScraped(
  binary: string,
  args: (config: string, data: string, address: string) => readonly string[],
  { code, room }: { code: string; room: string } = { code: program, room: 'express' },
): Promise<Scraped> {
  const folder = mkdtempSync(join(tmpdir(), 'triscope-backend-'))
  const file = await bundleProgram(code, folder, room)
  const app = new StartedProgram(process.execPath, [file], {}, folder)
  const started = [app]
  const stop = async () => {
    for (const each of started.reverse()) await each.stop()
    rmSync(folder, { recursive: true })
  }
  try {
    await app.until(() => /listening on \d+/.test(app.stdout), 'the app to listen')
    const target = `127.0.0.1:${/listening on (\d+)/.exec(app.stdout)?.[1]}`
    const traceparent = `00-${traceId}-00f067aa0ba902b7-01`
    for (let i = 0; i < requests; i++) {
      await (await fetch(`http://${target}/users/${i}`, { headers: { traceparent } })).text()
    }
    const config = join(folder, 'scrape.yml')
    writeFileSync(config, scrapeConfig(target))
    const port = await freePort()
    const server = new StartedProgram(
      binary,
      args(config, join(folder, 'data'), `127.0.0.1:${port}`),
      {},
      folder,
    )
    started.push(server)
    await server.listening(port)
    return { query: (path, found) => query(server, `http://127.0.0.1:${port}${path}`, found), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function scrapeConfig(target: string): string {
  return [
    'global:',
    '  scrape_interval: 1s',
    'scrape_configs:',
    '  - job_name: shop',
    '    static_configs:',
    `      - targets: ['${target}']`,
    '',
  ].join('\n')
}

async function query<T>(
  server: StartedProgram,
  url: string,
  found: (answer: Answer) => T | undefined,
): Promise<T> {
  let result: T | undefined
  let last = ''
  const ask = async () => {
    last = await (await fetch(url)).text()
    // Until it is ready a server answers in words of its own.
    result = last.startsWith('{') ? found(JSON.parse(last) as Answer) : undefined
    return result !== undefined
  }
  try {
    await server.until(ask, url, 25_000)
  } catch (error) {
    throw new Error(`${url}: last answer ${last}`, { cause: error })
  }
  return result as T
}
