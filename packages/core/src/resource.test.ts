import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDiagnostics, createResource, SDK_VERSION } from './index.ts'
import { parseResourceAttributes } from './resource.ts'

let from = ''

beforeAll(() => {
  const root = mkdtempSync(join(tmpdir(), 'triscope-'))
  writeFileSync(join(root, 'package.json'), '{"name":"shop","version":"1.4.2"}')
  from = join(root, 'dist', 'bin')
  mkdirSync(from, { recursive: true })
  // A package.json without a name only marks the module kind of a folder.
  writeFileSync(join(root, 'dist', 'package.json'), '{"type":"module"}')
})

afterAll(() => rmSync(join(from, '..', '..'), { recursive: true }))

describe('resource', () => {
  it('takes name and version from the nearest package.json that has a name', () => {
    const { attributes } = createResource({ from })
    expect(attributes['service.name']).toBe('shop')
    expect(attributes['service.version']).toBe('1.4.2')
    expect(attributes['deployment.environment.name']).toBe('development')
    expect(attributes['telemetry.sdk.version']).toBe(SDK_VERSION)
    expect(attributes['process.pid']).toBe(process.pid)
  })

  it('says that the service is unknown where there is no package.json', () => {
    expect(createResource({ from: '/' }).attributes['service.name']).toBe('unknown_service:node')
  })

  it('lets code win over environment, and environment over what it found', () => {
    const env = {
      OTEL_SERVICE_NAME: 'from-variable',
      OTEL_RESOURCE_ATTRIBUTES:
        'service.name=from-list,service.version=9,team=a%20b,deployment.environment.name=staging',
      NODE_ENV: 'production',
    }
    const byEnv = createResource({ from, env }).attributes
    expect(byEnv['service.name']).toBe('from-variable')
    expect(byEnv['service.version']).toBe('9')
    expect(byEnv['team']).toBe('a b')
    expect(byEnv['deployment.environment.name']).toBe('staging')
    const byCode = createResource({
      from,
      env,
      service: 's',
      version: 'v',
      environment: 'e',
      attributes: { team: 1 },
    })
    expect(byCode.attributes).toMatchObject({
      'service.name': 's',
      'service.version': 'v',
      'deployment.environment.name': 'e',
      team: 1,
    })
  })

  it('takes an empty variable for one that is not set', () => {
    const { attributes } = createResource({ from, env: { OTEL_SERVICE_NAME: ' ', NODE_ENV: '' } })
    expect(attributes['service.name']).toBe('shop')
    expect(attributes['deployment.environment.name']).toBe('development')
  })

  it('ignores the whole variable, and says so, when one member cannot be decoded', () => {
    const said: string[] = []
    const diagnostics = createDiagnostics({ onMessage: ({ message }) => said.push(message) })
    expect(parseResourceAttributes('a=1,b=%zz', diagnostics)).toEqual({})
    expect(said).toEqual([
      'OTEL_RESOURCE_ATTRIBUTES: expected key=value,key=value with percent-encoded values, but the value of "b" is not; the variable is ignored',
    ])
  })

  it('shows of a member that cannot be read its key and place, never its value', () => {
    for (const [given, shown] of [
      ['a=1,token=s3cret%zz', 'the value of "token"'],
      [`${'k'.repeat(200)}=s3cret%`, `the value of "${'k'.repeat(100)}"`],
      // What stands behind a comma that was not encoded is part of a value.
      ['a=1,,token=first,s3cret', 'member 4'],
      ['=s3cret', 'member 1'],
    ]) {
      const said: string[] = []
      const diagnostics = createDiagnostics({ onMessage: ({ message }) => said.push(message) })
      expect(parseResourceAttributes(given ?? '', diagnostics)).toEqual({})
      expect(said).toHaveLength(1)
      expect(said[0]).toContain(`but ${shown} is not;`)
      expect(said[0]).not.toContain('s3cret')
    }
  })

  it('reads back whatever was percent-encoded, and never throws', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.stringMatching(/^[a-z._]{1,20}$/), fc.string({ unit: 'grapheme' })),
        (given) => {
          const text = Object.entries(given).map(([key, value]) => `${key}=${encodeURIComponent(value)}`)
          expect(parseResourceAttributes(text.join(','))).toEqual({ ...given })
        },
      ),
      { numRuns: 200 },
    )
    fc.assert(
      fc.property(fc.string(), (text) => void parseResourceAttributes(text)),
      { numRuns: 500 },
    )
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    parseResourceAttributes('__proto__=polluted')
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it('has the version of its package', () => {
    const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
      version: string
    }
    expect(SDK_VERSION).toBe(manifest.version)
  })
})
