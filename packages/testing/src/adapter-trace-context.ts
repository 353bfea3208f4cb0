/** What every adapter makes of W3C Trace Context Level 2: from the wire, through the app, to the next service. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AdapterSuite } from './adapter-suite.ts'
import { type NextService, startNextService } from './next-service.ts'
import { RawClient, rawRequest } from './raw-client.ts'
import { PARENT_ID, TRACE_ID, traceContextCases } from './trace-context-cases.ts'

export function describeTraceContext(suite: AdapterSuite): void {
  describe('W3C Trace Context Level 2, from the wire to the next service', () => {
    let next: NextService

    beforeAll(async () => {
      next = await startNextService()
    })

    afterAll(() => next.close())

    it.each(traceContextCases)('$name', async ({ lines, trace, flags, tracestate }) => {
      // `/work` calls the host that it is told to be.
      const request = rawRequest('/work', [...lines, 'Connection: close'], 'GET', next.host)
      const client = await RawClient.send(suite.url, request)
      await client.closed
      expect(client.statuses).toEqual([200])
      const { traceparent, tracestate: sent } = next.headers ?? {}
      const sample = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(String(traceparent))
      const [, traceId, parentId, sentFlags] = sample ?? []
      expect(parentId).toMatch(/^(?!0{16})/)
      expect(parentId).not.toBe(PARENT_ID)
      if (trace === 'continued') expect(traceId).toBe(TRACE_ID)
      else expect(traceId).toMatch(new RegExp(`^(?!0{32}|${TRACE_ID}|a{32})`))
      expect(sentFlags).toBe(flags ?? (trace === 'new' ? '03' : '01'))
      expect(sent).toBe(tracestate)
    })
  })
}
