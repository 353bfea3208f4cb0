import { describe, expect, it } from 'vitest'
import { type Clock, createDiagnostics, type DiagnosticMessage, messageOf } from './index.ts'

function setUp() {
  let nowMs = 0
  const clock: Clock = { wallMs: () => nowMs, monotonicMs: () => nowMs, timer: () => ({ cancel() {} }) }
  const said: DiagnosticMessage[] = []
  const diagnostics = createDiagnostics({ clock, onMessage: (message) => said.push(message) })
  return { diagnostics, said, advance: (ms: number) => (nowMs += ms) }
}

describe('diagnostics', () => {
  it('counts what is dropped by signal and reason', () => {
    const { diagnostics } = setUp()
    diagnostics.dropped('traces', 'QUEUE_FULL', 3)
    diagnostics.dropped('traces', 'QUEUE_FULL')
    diagnostics.dropped('logs', 'QUEUE_FULL')
    expect(
      diagnostics.snapshot().map(({ name, type, labels, value }) => [name, type, labels, value]),
    ).toEqual([
      ['triscope_telemetry_dropped_total', 'counter', { signal: 'traces', reason: 'QUEUE_FULL' }, 4],
      ['triscope_telemetry_dropped_total', 'counter', { signal: 'logs', reason: 'QUEUE_FULL' }, 1],
    ])
  })

  it('says a code once a minute, counts every time, and tells how many were kept silent', () => {
    const { diagnostics, said, advance } = setUp()
    diagnostics.failed('TRI_WARN_EXPORT', new Error('one'))
    advance(59_999)
    diagnostics.failed('TRI_WARN_EXPORT', new Error('two'))
    diagnostics.warn('TRI_WARN_ENV', 'another code is said at once')
    advance(1)
    diagnostics.failed('TRI_WARN_EXPORT', new Error('three'))
    expect(said.map(({ code, message, suppressed }) => [code, message, suppressed])).toEqual([
      ['TRI_WARN_EXPORT', 'one', 0],
      ['TRI_WARN_ENV', 'another code is said at once', 0],
      ['TRI_WARN_EXPORT', 'three', 1],
    ])
    expect(diagnostics.snapshot().find(({ labels }) => labels['code'] === 'TRI_WARN_EXPORT')?.value).toBe(3)
  })

  it('gives each thing that is warned about a minute of its own, for a bounded number of them', () => {
    const { diagnostics, said } = setUp()
    for (const about of ['a', 'b', 'a', undefined, undefined]) diagnostics.warn('TRI_WARN_X', 'said', about)
    expect(said).toHaveLength(3)
    for (let i = 0; i < 5_000; i++) diagnostics.warn('TRI_WARN_Y', 'said', String(i))
    expect(said.length).toBeLessThanOrEqual(1_002)
    diagnostics.warn('TRI_WARN_X', 'said', 'a')
    expect(said.at(-1)?.code).toBe('TRI_WARN_Y')
  })

  it('gives the same counter for the same name and labels', () => {
    const { diagnostics } = setUp()
    const instrument = { name: 'x_total', help: 'X', labels: { a: 'b' } }
    diagnostics.counter(instrument).add(2)
    diagnostics.counter({ ...instrument }).add()
    diagnostics.counter({ ...instrument, labels: { a: 'c' } }).add(5)
    expect(diagnostics.snapshot().map(({ value }) => value)).toEqual([3, 5])
  })

  it('reads gauges when asked, leaves out one that throws, and forgets one that was taken away', () => {
    const { diagnostics } = setUp()
    let size = 1
    const remove = diagnostics.gauge({ name: 'size', help: 'Size', read: () => size })
    diagnostics.gauge({
      name: 'broken',
      help: 'Broken',
      read: () => {
        throw new Error('gone')
      },
    })
    size = 7
    expect(diagnostics.snapshot().map(({ name, value }) => [name, value])).toEqual([['size', 7]])
    const stillThere = diagnostics.gauge({ name: 'size', help: 'Size', read: () => 9 })
    remove()
    expect(diagnostics.snapshot().map(({ value }) => value)).toEqual([9])
    stillThere()
    expect(diagnostics.snapshot()).toEqual([])
  })

  it('survives a listener that throws, and errors that cannot be read', () => {
    const diagnostics = createDiagnostics({
      onMessage: () => {
        throw new Error('listener')
      },
    })
    const unreadable = {
      toString() {
        throw new Error('no')
      },
    }
    expect(() => diagnostics.failed('TRI_WARN_HOOK', unreadable)).not.toThrow()
    expect(messageOf(unreadable)).toBe('an error that cannot be read')
    expect(messageOf(Symbol('s'))).toBe('Symbol(s)')
    expect(messageOf(Object.assign(new Error(), { message: Symbol('m') }))).toBe('Symbol(m)')
  })
})
