/**
 * Random requests to random trees of plugins: what telemetry tells of each is what Fastify itself made of it. The seed is
 * printed with a failure; `npm run conformance` runs more of them, with seeds of its own.
 */
import type { AddressInfo } from 'node:net'
import { agree, disagreements } from '@triscope/testing/agreement'
import { recordTelemetry } from '@triscope/testing/telemetry'
import fc from 'fast-check'
import { describe, inject, it } from 'vitest'
import { buildTree } from './built-plugins.fixture.ts'
import { versions } from './fastify-versions.fixture.ts'
import { type Tree, targetOf, tree, type Walk, walk } from './random-plugins.fixture.ts'

/** Requests to one tree, all at once. */
const PER_TREE = 28
const { count = 170, seed = 4 } = inject('conformance') ?? {}

describe.each(versions)('$name', (version) => {
  it(
    `tells each of ${count} random requests as Fastify resolved it, seed ${seed}`,
    async () => {
      const trees = fc.sample(fc.tuple(tree, fc.array(walk, { minLength: PER_TREE, maxLength: PER_TREE })), {
        seed,
        numRuns: Math.ceil(count / PER_TREE),
      })
      for (const [shape, walks] of trees) {
        const requests = walks.map((taken) => {
          // Where a path cannot be decoded or a parameter is too long, Fastify 4 may call the handler of what is not
          // found without its hooks, and without a catch.
          const refuses = version.name !== 'Fastify 4'
          const twist = refuses || taken.twist !== 'broken' ? taken.twist : 'none'
          const values = refuses ? taken.values : taken.values.map((value) => value.slice(0, 90))
          return { ...taken, target: targetOf(shape, { ...taken, twist, values }) }
        })
        await agree(shape, requests, (smaller, some) => disagreementsOf(version, smaller, some))
      }
    },
    60_000 + count * 20,
  )
})

type Asked = Pick<Walk, 'app' | 'method' | 'constrained'> & { readonly target: string }

async function disagreementsOf(
  version: (typeof versions)[number],
  shape: Tree,
  asked: readonly Asked[],
): Promise<string[]> {
  // Without client spans: it is the test that sends.
  const recorded = recordTelemetry({ tracing: { outbound: false } })
  const { apps, truth } = await buildTree(shape, version, recorded.telemetry)
  try {
    for (const app of apps) await app.listen({ port: 0, host: '127.0.0.1' })
    const ports = apps.map(({ server }) => (server.address() as AddressInfo).port)
    return await disagreements(recorded, {
      requests: asked.map(({ app, method, target, constrained }) => ({
        port: ports[app] ?? 0,
        method,
        target,
        headers: constrained ? { host: 'a.example', 'accept-version': '1.x' } : {},
      })),
      truth,
    })
  } finally {
    await Promise.all(apps.map((app) => app.close()))
    await recorded.close()
  }
}

declare module 'vitest' {
  interface ProvidedContext {
    /** How many requests to each version, and of which seed; by default few, and always the same. */
    conformance: { count: number; seed: number } | undefined
  }
}
