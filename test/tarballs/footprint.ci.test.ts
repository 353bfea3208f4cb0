/** What the packages bring with them, and what npm says while they come. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { EmptyApp, type Said } from './empty-app.ts'

const api = '@opentelemetry/api'

describe('fault 15: OpenTelemetry packages of one day do not install together', () => {
  describe('with nothing pinned', () => {
    const app = new EmptyApp(inject('packed'))
    let before: Map<string, number>
    let said: Said

    beforeAll(async () => {
      await app.install('express')
      before = app.installed()
      said = await app.installPacked('express')
    })

    afterAll(() => app.remove())

    it('prints neither ERESOLVE nor a word about peers', () => {
      expect(said.text).not.toMatch(/ERESOLVE|peer/i)
    })

    it('installs one copy of the API, and a tree that npm finds whole', async () => {
      expect(app.copiesOf(api)).toHaveLength(1)
      expect(await app.run('npm', ['ls', '--all'])).toMatchObject({ status: 0 })
    })

    it('stays under 30 packages of third parties and under 20 MB', () => {
      const added = [...app.installed()].filter(([id]) => !before.has(id))
      const thirdParties = added.filter(([id]) => !id.startsWith('@triscope/'))
      const megabytes = added.reduce((sum, [, bytes]) => sum + bytes, 0) / 1e6
      console.log(`footprint: ${thirdParties.length} third-party packages, ${megabytes.toFixed(1)} MB in all`)
      expect(thirdParties.length).toBeGreaterThan(0)
      expect(thirdParties.length).toBeLessThan(30)
      expect(megabytes).toBeLessThan(20)
    })
  })

  describe('in an app that has the API at 1.10', () => {
    const app = new EmptyApp(inject('packed'))
    let said: Said

    beforeAll(async () => {
      await app.install('express', `${api}@^1.10.0`)
      said = await app.installPacked('express')
    })

    afterAll(() => app.remove())

    it('installs without an ERESOLVE error', () => {
      expect(said.text).not.toMatch(/npm error|ERESOLVE unable/i)
    })

    it('shares the copy of the app', () => {
      expect(app.copiesOf(api)).toEqual([expect.stringMatching(/shop\/node_modules\/@opentelemetry\/api$/)])
    })
  })
})
