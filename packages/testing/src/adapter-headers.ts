/**
 * What every adapter makes of headers that are wrong on purpose: W3C Trace Context and Baggage, malformed in every way the
 * specifications name. They begin a new trace, or lose what is wrong in them, and reach no handler as an exception.
 */
import { describe, expect, it } from 'vitest'
import { type AdapterSuite, PARENT_ID, TRACE_ID, TRACEPARENT } from './adapter-suite.ts'
import { RawClient, rawRequest } from './raw-client.ts'

/** Node's parser takes 16 KiB of headers in all. */
const LONG = 15_000

const parentless: readonly string[] = [
  '',
  '00',
  TRACE_ID,
  `00-${TRACE_ID}-${PARENT_ID}`,
  `00-${TRACE_ID}-${PARENT_ID}-01-extra`,
  `00-${TRACE_ID}-${PARENT_ID}-1`,
  `00-${TRACE_ID}-${PARENT_ID}-011`,
  `00-${TRACE_ID}-${PARENT_ID}-0G`,
  `00-${TRACE_ID.toUpperCase()}-${PARENT_ID}-01`,
  `00-${'0'.repeat(32)}-${PARENT_ID}-01`,
  `00-${TRACE_ID}-${'0'.repeat(16)}-01`,
  `00-${TRACE_ID.slice(1)}-${PARENT_ID}-01`,
  `ff-${TRACE_ID}-${PARENT_ID}-01`,
  `0-${TRACE_ID}-${PARENT_ID}-01`,
  `00_${TRACE_ID}_${PARENT_ID}_01`,
  `00-${'\xe9'.repeat(32)}-${PARENT_ID}-01`,
  '-'.repeat(LONG),
  '0'.repeat(LONG),
]

const besideAValidParent: readonly (readonly string[])[] = [
  ['tracestate: ', 'tracestate: a=1', 'tracestate: a=2'],
  ['tracestate: foo=', 'tracestate: =bar'],
  [`tracestate: ${'k'.repeat(257)}=1`],
  [`tracestate: a=${'v'.repeat(257)}`],
  [`tracestate: ${Array.from({ length: 33 }, (_, index) => `k${index}=1`).join(',')}`],
  [`tracestate: ${','.repeat(LONG)}`],
  [`tracestate: ${'='.repeat(LONG)}`],
  ['tracestate: a=\xff\xfe', 'tracestate: __proto__=1'],
  ['baggage: ', 'baggage: a', 'baggage: =', 'baggage: a=%ZZ', 'baggage: a=%FF%FE'],
  ['baggage: __proto__=1,constructor=2;x=y', 'baggage: a=b=c;;;=;,,,'],
  [`baggage: ${Array.from({ length: 200 }, (_, index) => `k${index}=v`).join(',')}`],
  [`baggage: a=${'v'.repeat(LONG)}`],
  [`baggage: ${';'.repeat(LONG)}`],
  [`baggage: ${'%'.repeat(LONG)}`],
  ['baggage: a=b%0D%0Ax-injected:%201', 'baggage: \xe9=\xe9'],
]

export function describeHeaders(suite: AdapterSuite): void {
  /** Sends each list of headers on one connection, and returns the parents of the spans, in that order. */
  async function parentsOf(lists: readonly (readonly string[])[]): Promise<(string | undefined)[]> {
    const all = await suite.tellAll(lists.length, async () => {
      const client = await RawClient.open(suite.url)
      for (const [index, headers] of lists.entries()) {
        client.write(rawRequest('/static', headers))
        await client.answers(index + 1)
      }
      expect(new Set(client.statuses)).toEqual(new Set([200]))
      client.destroy()
    })
    expect(all.flatMap(({ span }) => span.events)).toEqual([])
    expect(await suite.observer.metrics()).not.toMatch(/telemetry_failures_total\{.*\} [1-9]/)
    return all.map(({ span }) => span.parentSpanContext?.spanId)
  }

  describe('hostile headers', () => {
    it('begin a new trace where the traceparent is malformed, and reach no handler', async () => {
      const lists = parentless.map((value) => [`traceparent: ${value}`, 'tracestate: a=1', 'baggage: a=b'])
      expect(await parentsOf(lists)).toEqual(lists.map(() => undefined))
    })

    it('begin a new trace where there are two traceparents', async () => {
      expect(await parentsOf([[`traceparent: ${TRACEPARENT}`, `traceparent: ${TRACEPARENT}`]])).toEqual([
        undefined,
      ])
    })

    it('never cost a valid traceparent its trace', async () => {
      const lists = besideAValidParent.map((headers) => [`traceparent: ${TRACEPARENT}`, ...headers])
      expect(await parentsOf(lists)).toEqual(lists.map(() => PARENT_ID))
    })

    it('of other kinds pass too: whole targets, authorities and agents of bytes that are no text', async () => {
      const lists = [
        [`user-agent: ${'\xff'.repeat(LONG)}`],
        ['x-forwarded-for: \xe9, , ,'],
        ['forwarded: for="', 'content-length: 0', 'accept: \xff'],
      ]
      expect(await parentsOf(lists)).toEqual([undefined, undefined, undefined])
    })
  })
}
