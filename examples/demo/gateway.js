// @ts-check
/** The shop's front door: an Express app that asks the orders service by `fetch`. One line of it is Triscope. */
import { triscope } from '@triscope/express'
import { counter, recordError } from '@triscope/sdk'
import express from 'express'

const ordersUrl = process.env['ORDERS_URL'] ?? 'http://127.0.0.1:3001'
const views = counter('shop_views_total', { help: 'Pages shown, by kind', labels: ['page'] })

const app = express()
app.use(triscope({ service: 'gateway' }))

app.get('/products/:id', (req, res) => {
  views.inc({ page: 'product' })
  res.json({ id: req.params.id, name: `product ${req.params.id}` })
})

app.get('/orders/:id', async (req, res) => {
  const answer = await fetch(`${ordersUrl}/orders/${encodeURIComponent(req.params.id)}`)
  const order = await answer.json()
  if (!answer.ok) {
    recordError(new Error(`orders answered ${answer.status}`))
    req.log.warn({ order: req.params.id, answer: answer.status }, 'no order to show')
    res.status(502).json({ error: 'your order cannot be shown right now' })
    return
  }
  views.inc({ page: 'order' })
  res.json(order)
})

app.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1')
