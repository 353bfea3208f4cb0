import { describe, expect, it } from 'vitest'
import { isInternalHost, resolveBaggageHosts } from './hosts.ts'

describe('isInternalHost', () => {
  it.each([
    'localhost',
    'LOCALHOST',
    'app.localhost',
    '127.0.0.1',
    '127.8.9.1',
    '[::1]',
    '::1',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '100.64.0.1',
    'fd12:3456::1',
    '[fc00::1]',
    '::ffff:10.0.0.1',
    '[::ffff:a00:1]',
    'orders',
    'orders.shop.svc',
    'orders.shop.svc.cluster.local',
    'orders.shop.svc.cluster.local.',
    'db.internal',
    'fd00:ec2::255',
    '100.100.100.201',
    '[::ffff:6464:64c9]',
  ])('%s is of the house', (host) => {
    expect(isInternalHost(host)).toBe(true)
  })

  it.each([
    'example.com',
    'localhost.example.com',
    'svc.example.com',
    'internal.example.com',
    '8.8.8.8',
    '172.15.0.1',
    '172.32.0.1',
    '192.169.0.1',
    '11.0.0.1',
    '100.63.0.1',
    '100.128.0.1',
    // The metadata services of the clouds, which stand in ranges that are private otherwise.
    '169.254.169.254',
    '::ffff:169.254.169.254',
    '100.100.100.200',
    '[::ffff:6464:64c8]',
    'fd00:ec2::254',
    '[FD00:EC2::254]',
    '[fd20:ce::254]',
    'metadata.google.internal',
    'Metadata.Google.Internal.',
    'instance-data.ec2.internal',
    '[2001:db8::1]',
    'fe80::1',
    '::ffff:8.8.8.8',
    '[::ffff:808:808]',
    '10.0.0.1.evil.com',
    '10.evil.com',
    '',
    '.',
  ])('%s is a stranger', (host) => {
    expect(isInternalHost(host)).toBe(false)
  })
})

describe('baggageHosts', () => {
  const asked = [
    'localhost',
    '169.254.169.254',
    'partner.example.com',
    'a.b.example.com',
    'example.com',
    'evil.com',
  ]
  const told = (option?: Parameters<typeof resolveBaggageHosts>[0]) =>
    asked.filter(resolveBaggageHosts(option))

  it('is the house by default', () => {
    expect(told()).toEqual(['localhost'])
    expect(told('internal')).toEqual(['localhost'])
  })

  it('is everybody, or nobody, where that is said', () => {
    expect(told('all')).toEqual(asked)
    expect(told([])).toEqual([])
  })

  it('is a list of names, and of domains with everything below them', () => {
    expect(told(['Partner.Example.com'])).toEqual(['partner.example.com'])
    expect(told(['*.example.com'])).toEqual(['partner.example.com', 'a.b.example.com'])
    expect(told(['internal', 'example.com'])).toEqual(['localhost', 'example.com'])
    expect(resolveBaggageHosts(['*.example.com'])('notexample.com')).toBe(false)
    expect(resolveBaggageHosts(['example.com'])('EXAMPLE.com.')).toBe(true)
  })

  it('refuses what is no host', () => {
    expect(() => resolveBaggageHosts('some' as never)).toThrow('tracing.baggageHosts: expected')
    expect(() => resolveBaggageHosts([''])).toThrow('tracing.baggageHosts[0]: expected a host name')
  })
})
