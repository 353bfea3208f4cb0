import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { accepts, freePort } from './ports.js'
import { Program } from './program.js'

const folder = mkdtempSync(join(tmpdir(), 'triscope-demo-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** @param {string} name @param {string} source */
async function program(name, source) {
  const file = join(folder, `${name}.mjs`)
  writeFileSync(file, source)
  /** @type {string[]} */
  const lines = []
  const port = await freePort(0)
  return {
    lines,
    port,
    program: new Program({ name, file, port, env: {}, onLine: (line) => lines.push(line) }),
  }
}

const SERVER = `
  import { createServer } from 'node:http'
  console.log('one'); console.log('two')
  createServer((req) => req.url === '/crash' ? process.exit(3) : undefined).listen(Number(process.env.PORT), '127.0.0.1')
`

it('hands over each line, and is gone once it is stopped', async () => {
  const { lines, port, program: server } = await program('server', SERVER)
  await server.listening()
  expect(await accepts(port)).toBe(true)
  await server.stop()
  expect(server.running).toBe(false)
  expect(await accepts(port)).toBe(false)
  expect(lines).toEqual(['one', 'two'])
  await server.stop()
})

it('says why it could not start', async () => {
  const { program: broken } = await program('broken', "throw new Error('no such thing')")
  await expect(broken.listening()).rejects.toThrow(/^broken ended before it listened[\s\S]*no such thing/)
})

it('says that it ended by itself, and not that it was stopped', async () => {
  const { program: server } = await program('crashing', SERVER)
  await server.listening()
  await fetch(`${server.url}/crash`).catch(() => {})
  await expect(server.broken).rejects.toThrow('crashing ended by itself (3)')
})
