import { createRequire } from 'node:module'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createClientAddress } from './client-address.ts'
import { createTelemetry, type Req, type TriscopeOptions } from './index.ts'

type Given = NonNullable<TriscopeOptions['trustProxy']>

function clientOf(
  trust: Given,
  peer: string | undefined,
  headers: Record<string, string>,
): string | undefined {
  const req = { headers, socket: { remoteAddress: peer, destroyed: false } } as unknown as Req
  return createClientAddress(trust)?.(req)
}

const listed = (text: string) => ({ 'x-forwarded-for': text })
const forwarded = (text: string) => ({ forwarded: text })

describe('the client behind proxies', () => {
  it('is the connection where nobody is trusted', () => {
    expect(createClientAddress(undefined)).toBeUndefined()
    expect(createClientAddress(false)).toBeUndefined()
    expect(clientOf(['10.0.0.1'], '203.0.113.9', listed('198.51.100.1'))).toBe('203.0.113.9')
  })

  it.each<[Given, string, string, string]>([
    [1, '10.0.0.1', '6.6.6.6, 198.51.100.1', '198.51.100.1'],
    [2, '10.0.0.1', '6.6.6.6, 198.51.100.1, 10.0.0.2', '198.51.100.1'],
    [5, '10.0.0.1', '6.6.6.6, 198.51.100.1', '6.6.6.6'],
    [['10.0.0.0/8'], '10.0.0.1', '6.6.6.6, 198.51.100.1, 10.9.9.9', '198.51.100.1'],
    [['loopback'], '::1', '2001:db8::1', '2001:db8::1'],
    [['loopback'], '::ffff:127.0.0.1', '198.51.100.1', '198.51.100.1'],
    [['private'], '192.168.1.1', '6.6.6.6,172.31.0.1,fd12::1,172.32.0.1,10.0.0.4', '172.32.0.1'],
    [['2001:db8::/32'], '2001:db8:1::1', '198.51.100.1:4711', '198.51.100.1'],
    [1, '10.0.0.1', '[2001:db8::7]:4711', '2001:db8::7'],
    [1, '10.0.0.1', 'unknown', '10.0.0.1'],
    [2, '10.0.0.1', '6.6.6.6, not an address, 10.0.0.2', '10.0.0.2'],
    [1, '10.0.0.1', '', '10.0.0.1'],
    [1, '10.0.0.1', ',,,', '10.0.0.1'],
  ])('by %j from %s is read from the end of X-Forwarded-For: %s', (trust, peer, header, client) => {
    expect(clientOf(trust, peer, listed(header))).toBe(client)
  })

  // RFC 7239 §4, §6, and what a client may put before a proxy's element.
  it.each([
    ['for=192.0.2.60;proto=http;by=203.0.113.43', '192.0.2.60'],
    ['For="[2001:db8:cafe::17]:4711"', '2001:db8:cafe::17'],
    ['for=6.6.6.6, proto=https; FOR="198.51.100.1:80"', '198.51.100.1'],
    ['for="6.6.6.6, for=198.51.100.1', '198.51.100.1'],
    ['for="a\\", for=6.6.6.6, for=198.51.100.1', '198.51.100.1'],
    ['for=6.6.6.6, host="a,b;for=1.1.1.1";for=198.51.100.1', '198.51.100.1'],
    ['for=6.6.6.6, for=_hidden', '10.0.0.1'],
    ['for=6.6.6.6, for=unknown', '10.0.0.1'],
    ['for=6.6.6.6, proto=https', '10.0.0.1'],
    ['=;;,"', '10.0.0.1'],
  ])('is read from the end of Forwarded: %s', (header, client) => {
    expect(clientOf(1, '10.0.0.1', forwarded(header))).toBe(client)
  })

  it('is named by X-Forwarded-For where both stand, or by the header that is named', () => {
    const both = { ...listed('1.1.1.1'), ...forwarded('for=2.2.2.2') }
    expect(clientOf(1, '10.0.0.1', both)).toBe('1.1.1.1')
    expect(clientOf({ proxies: 1, header: 'forwarded' }, '10.0.0.1', both)).toBe('2.2.2.2')
    expect(clientOf({ proxies: 1, header: 'x-forwarded-for' }, '10.0.0.1', forwarded('for=2.2.2.2'))).toBe(
      '10.0.0.1',
    )
  })

  it('may come over a Unix socket, and is unknown where the connection is gone', () => {
    expect(clientOf(['loopback'], undefined, listed('198.51.100.1'))).toBe('198.51.100.1')
    const gone = { headers: listed('198.51.100.1'), socket: { destroyed: true } } as unknown as Req
    expect(createClientAddress(1)?.(gone)).toBeUndefined()
  })

  it('is read through 32 hops and 8 KiB, and no further', () => {
    const many = Array.from({ length: 100 }, (_, index) => `10.0.1.${index}`).join(',')
    expect(clientOf(['10.0.0.0/8'], '10.0.0.1', listed(many))).toBe('10.0.1.68')
    expect(clientOf(1, '10.0.0.1', listed(`1.1.1.1,${' '.repeat(9_000)}2.2.2.2`))).toBe('10.0.0.1')
  })

  it('is whom the package proxy-addr finds, for whatever addresses stand in the header', () => {
    const proxyAddr = createRequire(import.meta.url)('proxy-addr') as {
      (req: object, trust: unknown): string
      compile(trust: readonly string[]): unknown
    }
    const address = fc.oneof(
      fc.constantFrom('10.1.2.3', '192.168.0.9', '127.0.0.1', '::1', 'fd00::7', '172.16.3.4'),
      fc.ipV4(),
      fc.ipV6().filter((text) => !text.includes('.')),
    )
    const trust = fc.oneof(
      fc.integer({ min: 1, max: 4 }),
      fc.uniqueArray(fc.constantFrom('10.0.0.0/8', '192.168.0.0/16', '::1', '127.0.0.1', 'fd00::/8'), {
        minLength: 1,
      }),
    )
    fc.assert(
      fc.property(address, fc.array(address, { maxLength: 6 }), trust, (peer, chain, given) => {
        const headers = listed(chain.join(', '))
        const theirs = proxyAddr(
          { headers, connection: { remoteAddress: peer } },
          typeof given === 'number' ? (_: string, index: number) => index < given : proxyAddr.compile(given),
        )
        expect(clientOf(given, peer, headers)).toBe(theirs)
      }),
      { numRuns: 200, seed: 7 },
    )
  })

  it('is an address or what the connection says, whatever a client sends', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[for=",;\\ .:[\]0-9a-f]{0,60}$/))
    fc.assert(
      fc.property(text, fc.boolean(), (header, isListed) => {
        const headers = isListed ? listed(header) : forwarded(header)
        expect(clientOf(3, '10.0.0.1', headers)).toMatch(/^[0-9a-fA-F:.]+(%.*)?$/)
        // What stands before the element of the proxy decides nothing.
        const own = isListed ? listed(`${header},198.51.100.1`) : forwarded(`${header},for=198.51.100.1`)
        expect(clientOf(1, '10.0.0.1', own)).toBe('198.51.100.1')
      }),
      { numRuns: 200, seed: 7 },
    )
  })

  it.each([
    true,
    0,
    1.5,
    33,
    [],
    ['10.0.0.0/33'],
    ['all'],
    ['10.0.0.1/x'],
    [7],
    'loopback',
    { proxies: 1, header: 'x-real-ip' },
  ])('is refused by %j, with the way out', (given) => {
    expect(() => createTelemetry({ trustProxy: given as Given })).toThrow(
      expect.objectContaining({ code: 'TRI_ERR_OPTION' }),
    )
  })
})
