// @ts-check
/** The orders service: a Fastify app. Multiples of 13 fail, because nobody knows their tax; multiples of 7 are slow. */
import { setTimeout as sleep } from 'node:timers/promises'
import triscope from '@triscope/fastify'
import { counter, getLogger, span } from '@triscope/sdk'
import Fastify from 'fastify'

const priced = counter('shop_orders_priced_total', { help: 'Orders priced, by outcome', labels: ['outcome'] })

const app = Fastify()
await app.register(triscope, { service: 'orders' })

app.get('/orders/:id', async (request) => {
  const { id } = /** @type {{ id: string }} */ (request.params)
  const order = await span('load order', { 'order.id': id }, () => load(Number(id)))
  const total = await span('price', { 'order.items': order.items }, () => price(order))
  request.log.info({ order: id, total }, 'order priced')
  return { ...order, total }
})

await app.listen({ port: Number(process.env['PORT'] ?? 3001), host: '127.0.0.1' })

/** @param {number} id */
async function load(id) {
  const slow = id % 7 === 0
  if (slow) getLogger('store').warn({ order: id }, 'the order is in cold storage')
  await sleep((slow ? 250 : 12) + Math.random() * 10)
  return { id, items: 1 + (id % 4) }
}

/** @param {{ id: number, items: number }} order */
async function price({ id, items }) {
  const taxable = id % 13 !== 0
  await sleep((taxable ? 4 : 90) + Math.random() * 8)
  priced.inc({ outcome: taxable ? 'priced' : 'failed' })
  if (!taxable) throw new Error(`no tax rate for order ${id}`)
  return items * 4.5
}
