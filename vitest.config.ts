import { defineConfig } from 'vitest/config'
import { viteWorkerSource } from './scripts/worker-source.mjs'

// Tests run from source: the export condition below comes first, so nothing needs to be built before `npm test`.
// `import` is not named: vitest hands these to node as `--conditions`, where they would also hold for `require`.
const conditions = ['@triscope/source', 'node']

export default defineConfig({
  plugins: [viteWorkerSource],
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ['node'] } },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            'packages/*/src/**/*.test.ts',
            'test/**/*.test.ts',
            'examples/*/lib/**/*.test.js',
            'bench/lib/*.test.mjs',
            'test/soak/*.test.mjs',
          ],
          exclude: ['**/*.process.test.ts', '**/*.ci.test.ts', '**/node_modules/**', '**/dist/**'],
          pool: 'threads',
          isolate: false,
        },
      },
      {
        extends: true,
        // Globals, signals and the end of a process: each file gets a process of its own.
        test: {
          name: 'process',
          include: ['packages/*/src/**/*.process.test.ts', 'test/*.process.test.ts'],
          pool: 'forks',
          testTimeout: 30_000,
        },
      },
    ],
  },
})
