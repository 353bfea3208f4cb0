import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createTelemetry, type Req, type TriscopeOptions } from './index.ts'
import { createRequestIds } from './request-id.ts'

const idOf = (id: string): string | undefined =>
  createRequestIds(undefined)?.of({ headers: { 'x-request-id': id } } as unknown as Req)

describe('the id of a request', () => {
  it.each([
    '7b3c1f8e-1b7e-4a70-9a0e-3f6f4d1c2b7a',
    'Root=1-67891233-abcdef012345678912345678',
    'host@2024-01-01T00:00:00.000Z/abc+def==',
    'x'.repeat(128),
  ])('is taken from the caller: %s', (id) => {
    expect(idOf(id)).toBe(id)
  })

  it('is taken only where it is short and means nothing to anybody else', () => {
    expect(idOf('')).toBeUndefined()
    expect(idOf('x'.repeat(129))).toBeUndefined()
    const strange = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 128 })
      .filter((id) => !/^[\w.:+/=~@-]+$/.test(id))
    fc.assert(
      fc.property(strange, (id) => idOf(id) === undefined),
      { numRuns: 200, seed: 7 },
    )
  })

  it.each<[unknown, string]>([
    [true, 'TRI_ERR_OPTION'],
    [{ header: 'two words' }, 'TRI_ERR_OPTION'],
    [{ response: 'yes' }, 'TRI_ERR_OPTION'],
    [{ headers: 'x' }, 'TRI_ERR_UNKNOWN_OPTION'],
  ])('has no option %j', (requestId, code) => {
    expect(() => createTelemetry({ requestId } as TriscopeOptions)).toThrow(expect.objectContaining({ code }))
  })
})
