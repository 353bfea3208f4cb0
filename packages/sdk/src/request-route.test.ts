import type { IncomingMessage } from 'node:http'
import { createDiagnostics, type DiagnosticMessage } from '@triscope/core'
import { describe, expect, it } from 'vitest'
import { createRouteOverride, type RouteOverride } from './request-route.ts'

const req = { url: '/users/42' } as IncomingMessage

function made(override: unknown): {
  route: RouteOverride
  messages: DiagnosticMessage[]
  failures(): unknown
} {
  const messages: DiagnosticMessage[] = []
  const diagnostics = createDiagnostics({ onMessage: (message) => void messages.push(message) })
  return {
    route: createRouteOverride(override as RouteOverride, diagnostics),
    messages,
    failures: () => diagnostics.snapshot().filter(({ name }) => name.includes('failures')).length,
  }
}

describe('the route override', () => {
  it('hears the request and the framework, and has the last word', () => {
    const { route } = made((given: unknown, known: unknown) => `${(given as IncomingMessage).url} ${known}`)
    expect(route(req, '/users/:id')).toBe('/users/42 /users/:id')
  })

  it.each([[undefined], [null], [''], [42], [{}], [Symbol('route')]])(
    'leaves the framework its word for %s',
    (answer) => {
      expect(made(() => answer).route(req, '/users/:id')).toBe('/users/:id')
      expect(made(() => answer).route(req, undefined)).toBeUndefined()
    },
  )

  it('counts what it throws or rejects with, and keeps the word of the framework', async () => {
    const throwing = made(() => {
      throw new Error('no')
    })
    expect(throwing.route(req, '/a')).toBe('/a')
    expect(throwing.failures()).toBe(1)
    const rejecting = made(() => Promise.reject(new Error('no')))
    expect(rejecting.route(req, '/a')).toBe('/a')
    await new Promise((resolve) => setImmediate(resolve))
    expect(rejecting.failures()).toBe(1)
  })

  it('keeps a thousand names, calls the rest (other), and says so', () => {
    let count = 0
    const { route, messages } = made(() => `/users/${count++}`)
    for (let i = 0; i < 1_000; i++) expect(route(req, undefined)).toBe(`/users/${i}`)
    expect(route(req, undefined)).toBe('(other)')
    count = 5
    expect(route(req, undefined)).toBe('/users/5')
    expect(messages.map(({ code }) => code)).toEqual(['TRI_WARN_ROUTES'])
  })

  it('cuts a name that is no template', () => {
    expect(made(() => 'x'.repeat(10_000)).route(req, undefined)).toHaveLength(256)
  })
})
