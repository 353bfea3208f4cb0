/** What every adapter says of a request's route: the template that matched, or nothing. */
import { describe, expect, it } from 'vitest'
import { type AdapterSuite, same, signals } from './adapter-suite.ts'
import { RawClient, rawRequest } from './raw-client.ts'

export function describeRoutes(suite: AdapterSuite): void {
  describe('routes', () => {
    it.each([
      ['/static', '/static'],
      ['/static?with=query', '/static'],
      ['/users/42', '/users/:id'],
      ['/users/a%20b', '/users/:id'],
      ['/api/v1/orders/7/items/9', '/api/v1/orders/:order/items/:item'],
      ['/async', '/async'],
    ])('names GET %s by its template', async (path, route) => {
      const told = await suite.tell(path)
      expect(told.response.status).toBe(200)
      expect(signals(told)).toMatchObject(same({ method: 'GET', route, status: 200 }))
      expect(told.span.name).toBe(`GET ${route}`)
    })

    it('leaves the route open where none matched, and the path out of every label', async () => {
      const told = await suite.tell('/wp-login.php')
      expect(told.response.status).toBe(404)
      expect(told.span.name).toBe('GET')
      expect(told.span.attributes['http.route']).toBeUndefined()
      expect(told.line['route']).toBeUndefined()
      expect(told.series.labels['http_route']).toBe('(unmatched)')
      expect(await suite.observer.metrics()).not.toContain('wp-login')
    })

    it('leaves the route open where only a part of it matched', async () => {
      const told = await suite.tell('/api/v1/orders/7/nothing')
      expect(told.response.status).toBe(404)
      expect(told.series.labels['http_route']).toBe('(unmatched)')
      expect(await suite.observer.metrics()).not.toContain('orders/7')
    })

    it('tells a path whose escapes are broken, whoever refuses it, without its text', async () => {
      const told = await suite.tellOne(async () => {
        await (await RawClient.send(suite.url, rawRequest('/%zz-broken', ['Connection: close']))).closed
      })
      expect(told.span.attributes['http.response.status_code']).toBeGreaterThanOrEqual(400)
      expect(told.series.labels['http_route']).toBe('(unmatched)')
      expect(await suite.observer.metrics()).not.toContain('zz-broken')
    })

    it('tells a HEAD request by the route of GET', async () => {
      const told = await suite.tell('/users/42', { method: 'HEAD' })
      expect(told.body).toBeUndefined()
      expect(signals(told)).toMatchObject(same({ method: 'HEAD', route: '/users/:id', status: 200 }))
    })
  })
}
