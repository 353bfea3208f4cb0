/** Packs the built packages once for all checks of this run. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The folder of the tarballs; beside it is room for the caches of installers. */
    packed: string
  }
}

let folder: string

export function setup(project: TestProject): void {
  folder = mkdtempSync(join(tmpdir(), 'triscope-packed-'))
  const packed = join(folder, 'tarballs')
  const script = fileURLToPath(new URL('../../scripts/pack.mjs', import.meta.url))
  execFileSync(process.execPath, [script, packed], { stdio: ['ignore', 'ignore', 'inherit'] })
  project.provide('packed', packed)
}

export function teardown(): void {
  rmSync(folder, { recursive: true })
}
