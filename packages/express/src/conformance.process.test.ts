/**
 * Random requests to random trees of routers: what telemetry tells of each is what Express itself made of it. The seed is
 * printed with a failure; `npm run conformance` runs more of them, with seeds of its own.
 */
import type { AddressInfo } from 'node:net'
import { agree, disagreements } from '@triscope/testing/agreement'
import { recordTelemetry } from '@triscope/testing/telemetry'
import fc from 'fast-check'
import { describe, inject, it } from 'vitest'
import { buildTree } from './built-tree.fixture.ts'
import { versions } from './express-versions.fixture.ts'
import { type Tree, targetOf, tree, type Walk, walk } from './random-tree.fixture.ts'

type Version = (typeof versions)[number]

/** Requests to one tree, all at once. */
const PER_TREE = 28
const { count = 170, seed = 4 } = inject('conformance') ?? {}

describe.each(versions)('$name', (version) => {
  it(
    `tells each of ${count} random requests as Express resolved it, seed ${seed}`,
    async () => {
      const trees = fc.sample(fc.tuple(tree, fc.array(walk, { minLength: PER_TREE, maxLength: PER_TREE })), {
        seed,
        numRuns: Math.ceil(count / PER_TREE),
      })
      for (const [shape, walks] of trees) {
        const requests = walks.map((taken) => ({ ...taken, target: targetOf(shape, taken) }))
        await agree(shape, requests, (smaller, some) => disagreementsOf(version, smaller, some))
      }
    },
    60_000 + count * 20,
  )
})

type Asked = Pick<Walk, 'app' | 'method'> & { readonly target: string }

async function disagreementsOf(version: Version, shape: Tree, asked: readonly Asked[]): Promise<string[]> {
  // Without client spans: it is the test that sends.
  const recorded = recordTelemetry({ tracing: { outbound: false } })
  const { apps, truth } = buildTree(shape, version, recorded.telemetry)
  const servers = await Promise.all(apps.map((app) => listening(app.listen(0, '127.0.0.1'))))
  try {
    return await disagreements(recorded, {
      requests: asked.map(({ app, method, target }) => ({ port: servers[app]?.port ?? 0, method, target })),
      truth: (index, status) => truth(index, asked[index]?.method ?? '', status),
      // Router 2.1 does not tell how the app spelt a mount whose case does not matter.
      spelling: (route) => (version.name.includes('2.1') ? route.toLowerCase() : route),
    })
  } finally {
    for (const { close } of servers) close()
    await recorded.close()
  }
}

async function listening(server: ReturnType<import('express').Express['listen']>): Promise<{
  port: number
  close(): void
}> {
  await new Promise((resolve) => server.once('listening', resolve))
  const close = (): void => {
    server.close()
    server.closeAllConnections()
  }
  return { port: (server.address() as AddressInfo).port, close }
}

declare module 'vitest' {
  interface ProvidedContext {
    /** How many requests to each version, and of which seed; by default few, and always the same. */
    conformance: { count: number; seed: number } | undefined
  }
}
