/** Shows that the layer check fails: each law is broken once, in a small house of its own, and named by file and line. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { checkLayers } from '../scripts/layers/check.mjs'

const script = fileURLToPath(new URL('../scripts/check-layers.mjs', import.meta.url))
const folders: string[] = []

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true })
})

type Files = Record<string, string>

/** A house without a fault; `changes` lays files over it. */
function house(changes: Files = {}): Files {
  return {
    ...room('core'),
    ...room('metrics', { '@triscope/core': 'workspace:*' }),
    ...room('tracing', { '@triscope/core': 'workspace:*' }),
    ...room('sdk', { '@triscope/core': 'workspace:*', '@triscope/metrics': 'workspace:*' }),
    ...room('express', { '@triscope/sdk': 'workspace:*' }),
    ...room('testing', { '@triscope/sdk': 'workspace:*' }),
    ...changes,
  }
}

function room(name: string, dependencies: Record<string, string> = {}, more: object = {}): Files {
  const source = Object.keys(dependencies)
    .map((dependency) => `export { name as ${dependency.replace(/\W/g, '_')} } from '${dependency}'\n`)
    .join('')
  return {
    [`packages/${name}/package.json`]: JSON.stringify({
      name: `@triscope/${name}`,
      exports: { '.': './src/index.ts', './package.json': './package.json' },
      dependencies,
      ...more,
    }),
    [`packages/${name}/src/index.ts`]: `${source}export const name = '${name}'\n`,
  }
}

/** Builds the house on disk; returns its root. */
function build(files: Files): string {
  const root = mkdtempSync(join(tmpdir(), 'triscope-layers-'))
  folders.push(root)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}

describe('the layer check', () => {
  it('ends with code 1 and the faults on stderr, or with code 0', () => {
    const run = (files: Files) => spawnSync(process.execPath, [script, build(files)], { encoding: 'utf8' })
    expect(run(house())).toMatchObject({
      status: 0,
      stderr: '',
      stdout: 'layers: 6 rooms, 6 files, 0 faults\n',
    })
    expect(run(house({ 'packages/core/src/a.ts': `import '@triscope/sdk'\n` }))).toMatchObject({
      status: 1,
      stderr:
        'packages/core/src/a.ts:1: core (level 0) must not import sdk (level 4)\n' +
        'packages/core/src/a.ts:1: a module does nothing on import\n',
      stdout: 'layers: 6 rooms, 7 files, 2 faults\n',
    })
  }, 30_000)

  it('passes a house whose arrows all point down', () => {
    expect(checkLayers(build(house()))).toEqual({ rooms: 6, files: 6, faults: [] })
  })

  it.each<[law: string, changes: Files, fault: string]>([
    [
      'an import of a higher room',
      { 'packages/core/src/a.ts': `// why\nimport { name } from '@triscope/sdk'\n` },
      'packages/core/src/a.ts:2: core (level 0) must not import sdk (level 4)',
    ],
    [
      'an import between rooms of one level',
      { 'packages/metrics/src/a.ts': `import { name } from '@triscope/tracing'\n` },
      'packages/metrics/src/a.ts:1: metrics (level 2) must not import tracing (level 2)',
    ],
    [
      'an upward import of a type',
      { 'packages/core/src/a.ts': `import type { Telemetry } from '@triscope/sdk'\n` },
      'packages/core/src/a.ts:1: core (level 0) must not import sdk (level 4)',
    ],
    [
      'an upward import inside a type',
      { 'packages/core/src/a.ts': `export type T = import('@triscope/sdk').Telemetry\n` },
      'packages/core/src/a.ts:1: core (level 0) must not import sdk (level 4)',
    ],
    [
      'an upward export',
      { 'packages/core/src/a.ts': `export { name } from '@triscope/sdk'\n` },
      'packages/core/src/a.ts:1: core (level 0) must not import sdk (level 4)',
    ],
    [
      'an upward dynamic import',
      { 'packages/core/src/a.ts': `export const load = () => import('@triscope/sdk')\n` },
      'packages/core/src/a.ts:1: core (level 0) must not import sdk (level 4)',
    ],
    [
      'an upward require',
      { 'packages/core/src/a.ts': `export const load = () => require('@triscope/sdk')\n` },
      'packages/core/src/a.ts:1: core (level 0) must not import sdk (level 4)',
    ],
    [
      'an upward import in a test',
      { 'packages/core/src/a.test.ts': `import { name } from '@triscope/sdk'\n` },
      'packages/core/src/a.test.ts:1: core (level 0) must not import sdk (level 4)',
    ],
    [
      'shipped source that imports testing',
      { 'packages/express/src/a.ts': `import { name } from '@triscope/testing'\n` },
      'packages/express/src/a.ts:1: "@triscope/testing" is for tests alone',
    ],
    [
      'a room that imports itself by name',
      { 'packages/core/src/a.ts': `import { name } from '@triscope/core'\n` },
      'packages/core/src/a.ts:1: core imports itself by name',
    ],
    [
      'a deep import by name',
      { 'packages/sdk/src/a.ts': `import { name } from '@triscope/core/src/clock.ts'\n` },
      'packages/sdk/src/a.ts:1: "@triscope/core/src/clock.ts" is not an entry of @triscope/core',
    ],
    [
      'a deep import by path',
      { 'packages/sdk/src/a.ts': `import { name } from '../../core/src/clock.ts'\n` },
      'packages/sdk/src/a.ts:1: "../../core/src/clock.ts" leaves packages/sdk/src',
    ],
    [
      'a deep import by path in a test',
      { 'packages/sdk/src/a.test.ts': `import { name } from '../../core/src/clock.ts'\n` },
      'packages/sdk/src/a.test.ts:1: "../../core/src/clock.ts" leaves packages/sdk/src',
    ],
    [
      'a deep import by path from a root test',
      { 'test/a.test.ts': `import { name } from '../packages/core/src/clock.ts'\n` },
      'test/a.test.ts:1: "../packages/core/src/clock.ts" reaches into a package; import it by its name',
    ],
    [
      'an import of an example',
      { 'test/a.test.ts': `import { name } from '../examples/demo/orders.ts'\n` },
      'test/a.test.ts:1: "../examples/demo/orders.ts": examples is imported by nothing',
    ],
    [
      'an import of the bench',
      { 'scripts/a.mjs': `import { name } from '../bench/span.mjs'\n` },
      'scripts/a.mjs:1: "../bench/span.mjs": bench is imported by nothing',
    ],
    [
      'a room nobody knows',
      { 'packages/core/src/a.ts': `import { name } from '@triscope/attic'\n` },
      'packages/core/src/a.ts:1: "@triscope/attic" names no room of this house',
    ],
    [
      'a package without a level',
      room('attic'),
      'packages/attic: has no level; give it one in scripts/layers/house.mjs',
    ],
    [
      'a room that is imported but not declared',
      { 'packages/sdk/src/a.ts': `import { name } from '@triscope/tracing'\n` },
      'packages/sdk/src/a.ts:1: "@triscope/tracing" is missing in dependencies of package.json',
    ],
    [
      'a room that is declared but not imported',
      { 'packages/express/src/index.ts': `export const name = 'express'\n` },
      'packages/express/package.json: "@triscope/sdk" is declared but never imported',
    ],
    [
      'a declared dependency that points up',
      room('core', {}, { devDependencies: { '@triscope/sdk': 'workspace:*' } }),
      'packages/core/package.json: core (level 0) must not import sdk (level 4)',
    ],
    [
      'a room that declares testing',
      room('core', {}, { devDependencies: { '@triscope/testing': 'workspace:*' } }),
      'packages/core/package.json: "@triscope/testing" is a dependency of the workspace root alone, or the rooms make a cycle',
    ],
    [
      'a third party that is imported but not declared',
      { 'packages/core/src/a.ts': `import type { Logger } from 'pino'\n` },
      'packages/core/src/a.ts:1: "pino" is neither in dependencies nor in peerDependencies of package.json',
    ],
    [
      'an adapter that knows telemetry',
      {
        ...room('express', { '@triscope/sdk': 'workspace:*' }, { peerDependencies: { pino: '*' } }),
        'packages/express/src/a.ts': `import { pino } from 'pino'\nimport { name } from '@triscope/sdk'\n`,
      },
      'packages/express/src/a.ts:1: an adapter knows nothing of "pino"',
    ],
    [
      'process.env outside the one reader',
      {
        'packages/metrics/src/a.ts': `/** process.env */\nexport const level = () => process.env['LOG_LEVEL']\n`,
      },
      'packages/metrics/src/a.ts:2: process.env is read in packages/sdk/src/env.ts alone',
    ],
    [
      'the environment taken apart',
      {
        'packages/metrics/src/a.ts': `export const read = () => {\n  const { env } = process\n  return env\n}\n`,
      },
      'packages/metrics/src/a.ts:2: process.env is read in packages/sdk/src/env.ts alone',
    ],
    [
      'the environment imported',
      { 'packages/metrics/src/a.ts': `import { env } from 'node:process'\nexport const read = () => env\n` },
      'packages/metrics/src/a.ts:1: process.env is read in packages/sdk/src/env.ts alone',
    ],
    [
      'a statement that runs on import',
      { 'packages/core/src/a.ts': `export const started = 1\nsetInterval(() => started, 1000)\n` },
      'packages/core/src/a.ts:2: a module does nothing on import',
    ],
    [
      'an import for its effects',
      { 'packages/core/src/a.ts': `import './b.ts'\n` },
      'packages/core/src/a.ts:1: a module does nothing on import',
    ],
  ])('fails on %s', (_law, changes, fault) => {
    expect(checkLayers(build(house(changes))).faults).toEqual([fault])
  })

  it('lets env.ts of the sdk read the environment, register start, and tests do what they like', () => {
    const files = house({
      ...room('register'),
      'packages/sdk/src/env.ts': `export const read = () => process.env\n`,
      'packages/register/src/start.ts': `setInterval(() => undefined, 1000)\n`,
      'packages/express/src/a.test.ts': `import { name } from '@triscope/testing'\nit(name + process.env['X'])\n`,
      'packages/express/src/b.test.ts': `import { name } from '@triscope/core'\nimport supertest from 'supertest'\nit(name)\n`,
    })
    expect(checkLayers(build(files)).faults).toEqual([])
  })

  it('knows nothing of imports in comments and strings', () => {
    const text = `// import '@triscope/sdk'\nexport const text = "import '@triscope/sdk'; process.env"\n`
    expect(checkLayers(build(house({ 'packages/core/src/a.ts': text }))).faults).toEqual([])
  })
})
