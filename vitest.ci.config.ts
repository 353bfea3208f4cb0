import { defineConfig } from 'vitest/config'
import { viteWorkerSource } from './scripts/worker-source.mjs'

const conditions = ['@triscope/source', 'node', 'import', 'default']

// Checks that need more than Node: a build, installers and a registry, or real servers. `npm test` leaves them out.
export default defineConfig({
  plugins: [viteWorkerSource],
  resolve: { conditions },
  ssr: { resolve: { conditions: ['@triscope/source', 'node'], externalConditions: ['node'] } },
  test: {
    pool: 'forks',
    // Each starts processes of its own; more files at once would only wait for each other.
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'tarballs',
          include: ['test/tarballs/*.ci.test.ts'],
          globalSetup: ['test/tarballs/pack.ts'],
          testTimeout: 180_000,
          hookTimeout: 300_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'long',
          include: ['packages/*/src/**/*.ci.test.ts', 'test/*.ci.test.ts'],
          testTimeout: 120_000,
        },
      },
      {
        extends: true,
        // `npm run fuzz` says for how long, and from which seed.
        test: { name: 'fuzz', include: ['test/fuzz/*.ci.test.ts'], testTimeout: 600_000 },
      },
      {
        extends: true,
        test: {
          name: 'backends',
          include: ['test/backends/*.process.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
