/** The packed packages in apps that have nothing else, put there by each installer, written in each way. */
import { afterAll, beforeAll, describe, inject, it } from 'vitest'
import {
  type Framework,
  frameworkPackages,
  kinds,
  makeApp,
  type Order,
  typeScriptPackages,
} from './app-kinds.ts'
import { EmptyApp, type InstallerName, installers } from './empty-app.ts'
import { checkOneRequest } from './one-request.ts'

const frameworks: readonly Framework[] = ['express', 'fastify', 'http']
const orders: readonly Order[] = ['first', 'last']

describe.each(Object.keys(installers) as InstallerName[])('installed by %s', (installer) => {
  describe.each(frameworks)('an app with nothing but %s', (framework) => {
    let app: EmptyApp

    beforeAll(async () => {
      app = new EmptyApp(inject('packed'), installer)
      const packages = frameworkPackages[framework]
      if (packages.length > 0) await app.install(...packages)
      await app.installPacked(framework)
      // For the kinds below that are written in TypeScript; nothing that runs comes with it.
      await app.install(...typeScriptPackages)
    })

    afterAll(() => app.remove())

    describe.each(kinds)('%s', (kind) => {
      it.each(orders)('joins the signals of one request when Triscope is imported %s', async (order) => {
        await checkOneRequest(await makeApp(app, framework, kind, order))
      })
    })
  })
})
