/** `scripts/pnpm.mjs` in a workspace of its own, with an `npx` that writes down what it is asked and plays a program. */
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { StartedProgram } from './started-program.ts'

const launcher = fileURLToPath(new URL('../scripts/pnpm.mjs', import.meta.url))

/** Runs what follows `run` through a shell, as pnpm does; an install takes no program. */
const npx = `#!/bin/sh
echo "$@" >> calls
while [ $# -gt 0 ] && [ "$1" != run ]; do shift; done
[ $# -eq 0 ] && exit 0
shift
sh -c "$*; exit \\$?"
`

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'triscope-launcher-'))
  for (const folder of ['scripts', 'bin', 'node_modules']) mkdirSync(join(root, folder))
  copyFileSync(launcher, join(root, 'scripts/pnpm.mjs'))
  const manifest = { type: 'module', packageManager: 'pnpm@10.34.9', engines: { node: '>=20.19' } }
  writeFileSync(join(root, 'package.json'), JSON.stringify(manifest))
  writeFileSync(join(root, 'pnpm-lock.yaml'), '')
  writeFileSync(join(root, 'bin/npx'), npx)
  chmodSync(join(root, 'bin/npx'), 0o755)
})

afterEach(() => {
  rmSync(root, { recursive: true })
})

/** Sets when the workspace was installed, in seconds after its lockfile was written. */
function installed(secondsAfter: number): void {
  writeFileSync(join(root, 'node_modules/.modules.yaml'), '')
  utimesSync(join(root, 'pnpm-lock.yaml'), 1_000, 1_000)
  utimesSync(join(root, 'node_modules/.modules.yaml'), 1_000 + secondsAfter, 1_000 + secondsAfter)
}

function start(...args: readonly string[]): StartedProgram {
  const path = `${join(root, 'bin')}${delimiter}${process.env['PATH']}`
  return new StartedProgram(process.execPath, ['scripts/pnpm.mjs', ...args], { PATH: path }, root)
}

/** What was asked of pnpm, without what is said to npx before it. */
function calls(): string[] {
  const lines = readFileSync(join(root, 'calls'), 'utf8').trim().split('\n')
  return lines.map((line) => line.replace(/^.*pnpm@10\.34\.9 --silent /, '').replace(/^.*(?=pnpm@)/, ''))
}

describe.skipIf(process.platform === 'win32')('the pnpm launcher', () => {
  it('installs first, with the frozen lockfile, when that is newer, and then not again', async () => {
    installed(-10)
    expect(await start('run', 'true').ended()).toEqual({ code: 0, signal: null })
    expect(await start('run', 'true').ended()).toEqual({ code: 0, signal: null })
    expect(calls()).toEqual([
      'pnpm@10.34.9 install --frozen-lockfile --prefer-offline',
      'run true',
      'run true',
    ])
  })

  it('ends with the code of what it ran', async () => {
    installed(10)
    expect(await start('run', 'exit', '7').ended()).toEqual({ code: 7, signal: null })
  })

  it('hands SIGTERM down to the program, and waits until that has ended', async () => {
    installed(10)
    const script = `process.on('SIGTERM', () => setTimeout(() => { console.log('closed'); process.exit() }, 100))`
    writeFileSync(join(root, 'server.cjs'), `${script}\nsetInterval(() => {}, 1000)\nconsole.log('up')\n`)
    const started = start('run', process.execPath, 'server.cjs')
    await started.until(() => started.stdout.includes('up'), 'the program to start')
    expect(await started.stop()).toEqual({ code: 143, signal: null })
    expect(started.stdout).toBe('up\nclosed\n')
  })
})
