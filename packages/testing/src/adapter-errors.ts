/** What every adapter tells of an error: the object, wherever it was thrown and whoever answered. */
import { describe, expect, it } from 'vitest'
import { type AdapterSuite, ERROR, same, signals } from './adapter-suite.ts'

export function describeErrors(suite: AdapterSuite): void {
  describe('errors', () => {
    it.each([
      ['/throws', '/throws', 'RangeError', 'thrown', 500],
      ['/rejects', '/rejects', 'RangeError', 'rejected', 500],
      ['/api/v1/handled', '/api/v1/handled', 'SyntaxError', 'handled', 503],
    ])('tells what GET %s failed with, and where', async (path, route, type, message, status) => {
      const told = await suite.tell(path)
      expect(told.response.status).toBe(status)
      expect(signals(told)).toMatchObject(same({ method: 'GET', route, status, errorType: type }))
      expect(told.span.status.code).toBe(ERROR)
      const [event] = told.span.events
      expect(event).toMatchObject({
        name: 'exception',
        attributes: { 'exception.type': type, 'exception.message': message },
      })
      expect(told.line['level']).toBe(50)
      expect(told.line['error']).toEqual({ type, message })
      if (status === 503) expect(told.body).toEqual({ handled: true })
    })

    it('tells the error also where the app answers it as a mistake of the client, which is no failure', async () => {
      const told = await suite.tell('/refused')
      expect(told.response.status).toBe(422)
      expect(told.span.events[0]?.attributes).toMatchObject({
        'exception.type': 'TypeError',
        'exception.message': 'refused',
      })
      expect(told.line).toMatchObject({ level: 40, error: { type: 'TypeError', message: 'refused' } })
      expect(told.span.status.code).not.toBe(ERROR)
      expect(told.span.attributes['error.type']).toBeUndefined()
      expect(told.series.labels['error_type'] ?? '').toBe('')
    })

    it('is no failure of the service that nothing was found', async () => {
      const { span, series, line } = await suite.tell('/missing')
      expect(span.status.code).not.toBe(ERROR)
      expect(series.labels['error_type'] ?? '').toBe('')
      expect(line['level']).toBe(40)
    })
  })
}
