/** Installed by its name, as a user does, from a registry that was started for the test. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type Framework, frameworkPackages, makeApp } from './app-kinds.ts'
import { EmptyApp } from './empty-app.ts'
import { checkOneRequest } from './one-request.ts'
import { type LoopbackRegistry, startRegistry } from './registry.ts'

let registry: LoopbackRegistry

beforeAll(async () => {
  registry = await startRegistry(inject('packed'))
})

afterAll(async () => {
  await registry.close()
})

describe.each<Framework>(['express', 'fastify', 'http'])('npm install @triscope/%s', (framework) => {
  it('gives all that one request needs', async () => {
    const app = new EmptyApp(inject('packed'))
    await app.install('--registry', registry.url, `@triscope/${framework}`, ...frameworkPackages[framework])
    expect(registry.asked).toContain('@triscope/tracing')
    expect(app.copiesOf('@opentelemetry/api')).toHaveLength(1)
    await checkOneRequest(await makeApp(app, framework, 'ESM', 'first'))
    app.remove()
  })
})
