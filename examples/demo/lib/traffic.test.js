import { once } from 'node:events'
import { createServer } from 'node:http'
import { expect, it } from 'vitest'
import { pathOf, sendTraffic, USER_AGENT } from './traffic.js'

it('asks for orders that fail, orders that are slow, products, and what is not there', () => {
  const paths = Array.from({ length: 300 }, (_, n) => pathOf(n))
  const orders = paths.filter((path) => path.startsWith('/orders/')).map((path) => Number(path.slice(8)))
  expect(orders.filter((id) => id % 13 === 0).length).toBeGreaterThan(10)
  expect(orders.slice(0, 20).filter((id) => id % 13 === 0)).toEqual([])
  expect(orders.filter((id) => id % 7 === 0).length).toBeGreaterThan(10)
  expect(orders.every((id) => id >= 1 && id <= 200)).toBe(true)
  expect(paths.filter((path) => path.startsWith('/products/')).length).toBeGreaterThan(30)
  expect(paths).toContain('/favourites')
})

it('sends each request once, and reports every answer, of failures too', async () => {
  /** @type {string[]} */
  const asked = []
  const server = createServer((req, res) => {
    asked.push(`${req.url} ${req.headers['user-agent']}`)
    if (asked.length === 3) req.socket.destroy()
    else res.writeHead(asked.length === 2 ? 502 : 200).end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())

  /** @type {(number | undefined)[]} */
  const answers = []
  const url = `http://127.0.0.1:${port}`
  const { signal } = new AbortController()
  for (let n = 0; n < 3; n++) {
    await sendTraffic({
      url,
      from: n,
      to: n + 1,
      perSecond: 1_000,
      signal,
      onAnswer: (status) => answers.push(status),
    })
  }

  expect(asked).toEqual([0, 1, 2].map((n) => `${pathOf(n)} ${USER_AGENT}`))
  expect(answers).toEqual([200, 502, undefined])
  server.closeAllConnections()
  server.close()
})

it('has no more requests under way than a server can be expected to hold', async () => {
  /** @type {import('node:http').ServerResponse[]} */
  let held = []
  let most = 0
  const server = createServer((_, res) => {
    held.push(res)
    most = Math.max(most, held.length)
    // Whoever is let go makes room for one more; all of them are, once it is known that no other came.
    if (held.length < 12) return
    const letGo = held
    setImmediate(() => {
      held = held.filter((each) => !letGo.includes(each))
      for (const each of letGo) each.end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  const url = `http://127.0.0.1:${port}`
  const { signal } = new AbortController()
  await sendTraffic({ url, from: 0, to: 36, perSecond: 1_000_000, signal })
  expect(most).toBe(12)
  server.closeAllConnections()
  server.close()
})

it('sends nothing more once it is told to stop', async () => {
  const onAnswer = () => {
    throw new Error('nothing was to be sent')
  }
  const signal = AbortSignal.abort()
  await sendTraffic({ url: 'http://127.0.0.1:9', from: 0, to: 1_000_000, perSecond: 1, signal, onAnswer })
})
