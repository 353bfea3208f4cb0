/** Packs the built packages once for all checks of this run. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The folder of the tarballs. */
    packed: string
  }
}

export function setup(project: TestProject): void {
  const folder = mkdtempSync(join(tmpdir(), 'triscope-packed-'))
  execFileSync(
    process.execPath,
    [fileURLToPath(new URL('../../scripts/pack.mjs', import.meta.url)), folder],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  )
  project.provide('packed', folder)
}
