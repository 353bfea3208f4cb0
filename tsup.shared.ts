/** One build for every package: ESM and CJS, declarations for both, chunks shared between the entries of a package. */
import type { Options } from 'tsup'
import { esbuildWorkerSource } from './scripts/worker-source.mjs'

export function packageBuild(entry: readonly string[] = ['src/index.ts']): Options {
  return {
    entry: [...entry],
    format: ['esm', 'cjs'],
    dts: true,
    sourcemap: true,
    clean: true,
    target: 'node20',
    platform: 'node',
    // Two CJS entries that share a class must share one copy of it, or private members are not theirs.
    splitting: true,
    esbuildPlugins: [esbuildWorkerSource],
  }
}
