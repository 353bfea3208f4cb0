import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { routerOf } from './express-app.ts'
import { versions } from './express-versions.fixture.ts'
import { type Layer, mountTemplate, type PathPattern } from './mount-template.ts'

/** The layer that `app.use(pattern, …)` makes. */
function mounted(version: string, pattern: PathPattern | readonly unknown[]): Layer {
  const app = versionNamed(version).express()
  app.use(pattern as string, (_req, _res, next) => next())
  const layer = routerOf(app).stack.at(-1)
  if (layer === undefined) throw new Error('unreachable: a layer was made')
  return layer
}

function versionNamed(name: string): (typeof versions)[number] {
  const version = versions.find((candidate) => candidate.name === name)
  if (version === undefined) throw new Error(`no version ${name}`)
  return version
}

/** Versions whose router does not tell the path of a mount. */
const silent = versions.filter(({ name }) => !name.includes('2.3')).map(({ name }) => name)
const silentFive = 'Express 5 with router 2.1'

const literal = fc.stringMatching(/^[A-Za-z0-9_.-]{1,8}$/).filter((text) => !/^\.+$/.test(text))
const value = fc.stringMatching(/^(?:[A-Za-z0-9_.~-]|%[2-6][0-9a-f]){1,12}$/)
const segment = fc.oneof(
  literal.map((text) => ({ pattern: text, path: text })),
  value.map((path) => ({ pattern: ':', path })),
)

describe.each(silent)('the template of a mount in %s', (version) => {
  it('is the pattern of the app, whatever the parameters hold', () => {
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 5 }), (segments) => {
        const pattern = segments
          .map((part, i) => `/${part.pattern === ':' ? `:p${i}` : part.pattern}`)
          .join('')
        const path = segments.map((part) => `/${part.path}`).join('')
        expect(mountTemplate(mounted(version, pattern), path)).toBe(pattern)
      }),
      { seed: 4, numRuns: 200 },
    )
  })

  it('is one of finitely many, whatever clients send', () => {
    const layer = mounted(version, ['/api/:id', '/Static', '/a/:x/b/:y'])
    const seen = new Set<string>()
    const text = fc.string({ unit: 'binary', maxLength: 40 })
    fc.assert(
      fc.property(fc.oneof(text, fc.constantFrom('/STATIC', '/static', '/sTaTiC'), value), (path) => {
        seen.add(mountTemplate(layer, path))
        seen.add(mountTemplate(layer, `/api/${encodeURIComponent(path.toWellFormed())}`))
      }),
      { seed: 4, numRuns: 200 },
    )
    expect([...seen].filter((template) => !/^\*?$|^\/api\/:id$|^\/static$/i.test(template))).toEqual([])
    expect(seen.size).toBeLessThanOrEqual(4)
  })

  it('knows the entry of an array', () => {
    const layer = mounted(version, ['/one', '/two/:two', '/three/:a/:b'])
    expect(mountTemplate(layer, '/one')).toBe('/one')
    expect(mountTemplate(layer, '/two/2')).toBe('/two/:two')
    expect(mountTemplate(layer, '/three/x/y')).toBe('/three/:a/:b')
    expect(mountTemplate(layer, '/two/3')).toBe('/two/:two')
  })
})

describe('the template of a mount', () => {
  it.each(silent.filter((name) => name !== silentFive))(
    'keeps parameters with a pattern of their own, optional and unnamed ones, in %s',
    (version) => {
      expect(mountTemplate(mounted(version, '/v/:n(\\d+)'), '/v/12')).toBe('/v/:n')
      expect(mountTemplate(mounted(version, '/o/:x?'), '/o')).toBe('/o')
      expect(mountTemplate(mounted(version, '/o/:x?'), '/o/1')).toBe('/o/:x')
      expect(mountTemplate(mounted(version, '/w/*'), '/w/a/b')).toBe('/w/*')
      expect(mountTemplate(mounted(version, '/:w/*'), '/w')).toBe('/:w/*')
      expect(mountTemplate(mounted(version, /^\/v\d+/), '/v12')).toBe('/^\\/v\\d+/')
      const mixed = mounted(version, ['/a/:x', /^\/a(?:\/[|)\]]\))?/, ['/b', '/c/:y']])
      expect(mountTemplate(mixed, '/a/1')).toBe('/a/:x')
      expect(mountTemplate(mixed, '/a')).toBe('/^\\/a(?:\\/[|)\\]]\\))?/')
      expect(mountTemplate(mixed, '/b')).toBe('/b')
      expect(mountTemplate(mixed, '/c/1')).toBe('/c/:y')
      expect(mountTemplate(mounted(version, /^\/v|^\/w/), '/w')).toBe('/^\\/v|^\\/w/')
    },
  )

  it('keeps parameters within a segment, optional and wild ones, in router 2.1', () => {
    expect(mountTemplate(mounted(silentFive, '/v:major.:minor'), '/v12.3')).toBe('/v:major.:minor')
    expect(mountTemplate(mounted(silentFive, '/o{/:x}'), '/o')).toBe('/o')
    expect(mountTemplate(mounted(silentFive, '/o{/:x}'), '/o/1')).toBe('/o/:x')
    expect(mountTemplate(mounted(silentFive, '/r/:from-:to{/:x}'), '/r/a-b/c')).toBe('/r/:from-:to/:x')
    expect(mountTemplate(mounted(silentFive, '/r/:from-:to{/:x}'), '/r/a-b')).toBe('/r/:from-:to')
    expect(mountTemplate(mounted(silentFive, '/caf%C3%A9/:x'), '/caf%C3%A9/%C3%BC%20a')).toBe('/caf%C3%A9/:x')
    expect(mountTemplate(mounted(silentFive, '/caf%C3%A9:x'), '/caf%C3%A9%C3%BC%20')).toBe('/caf%C3%A9:x')
    expect(mountTemplate(mounted(silentFive, '/w/*rest'), '/w/a/b')).toBe('/w/*rest')
    expect(mountTemplate(mounted(silentFive, /^\/v\d+/), '/v12')).toBe('*')
  })
})
