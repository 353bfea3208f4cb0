import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, it } from 'vitest'
import { accepts, freePort } from './ports.js'

it('gives the wanted port where it is free, and another where it is not', async () => {
  const port = await freePort(0)
  expect(await freePort(port)).toBe(port)
  expect(await accepts(port)).toBe(false)

  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  expect(await accepts(port)).toBe(true)
  const other = await freePort(port)
  expect(other).not.toBe(port)
  expect(other).toBeGreaterThan(0)
  server.close()
  await once(server, 'close')
})
