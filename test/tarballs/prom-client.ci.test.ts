/** The entry `@triscope/metrics/prom-client` as it is packed: in both module systems, and with its types beside prom-client's. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { typeScriptPackages } from './app-kinds.ts'
import { EmptyApp } from './empty-app.ts'

const program = `
async function main() {
  const register = new promClient.Registry()
  new promClient.Gauge({ name: 'theirs', help: 'Theirs', registers: [register] }).set(3)
  const registry = createRegistry()
  registry.gauge({ name: 'ours', help: 'Ours' }).set(4)
  const detach = registry.attach(adoptRegistry(register))
  console.log(await registry.text())
  detach()
  await writeInto(registry, register)
  console.log(await register.metrics())
}
void main()
`

const imports = `
import promClient from 'prom-client'
import { createRegistry } from '@triscope/metrics'
import { adoptRegistry, writeInto } from '@triscope/metrics/prom-client'
`

const requires = `
const promClient = require('prom-client')
const { createRegistry } = require('@triscope/metrics')
const { adoptRegistry, writeInto } = require('@triscope/metrics/prom-client')
`

describe('an app with prom-client and the packed packages', () => {
  const app = new EmptyApp(inject('packed'))

  beforeAll(async () => {
    await app.install('express', 'prom-client@15.1.3')
    await app.installPacked('express')
    await app.install(...typeScriptPackages)
  })

  afterAll(() => app.remove())

  it.each([
    ['mjs', imports],
    ['cjs', requires],
  ])('shows each registry in the other (%s)', async (extension, head) => {
    const { status, text } = await app.run(process.execPath, [
      app.write(`interop.${extension}`, head + program),
    ])
    expect([status, text.match(/^(ours|theirs) \d$/gm)]).toEqual([
      0,
      ['ours 4', 'theirs 3', 'theirs 3', 'ours 4'],
    ])
  })

  it.each(['mts', 'cts'])('compiles under strict TypeScript (%s)', async (extension) => {
    const files = [app.write(`interop.${extension}`, imports + program)]
    const compilerOptions = {
      target: 'ES2022',
      module: 'NodeNext',
      strict: true,
      exactOptionalPropertyTypes: true,
      esModuleInterop: true,
      types: ['node'],
      noEmit: true,
    }
    const project = app.write(`tsconfig.${extension}.json`, JSON.stringify({ compilerOptions, files }))
    const { status, text } = await app.run(process.execPath, [
      'node_modules/typescript/bin/tsc',
      '-p',
      project,
    ])
    expect([status, text]).toEqual([0, ''])
  })
})
