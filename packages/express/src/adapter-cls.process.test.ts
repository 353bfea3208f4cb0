/** The whole suite with the span carried in cls-hooked, and with the ids shown in it. */
import { bridgeToCls, createClsStorage } from '@triscope/core/cls-hooked'
import { describeAdapter } from '@triscope/testing/describe-adapter'
import { createNamespace } from 'cls-hooked'
import { adapterApp } from './adapter-app.fixture.ts'
import { versions } from './express-versions.fixture.ts'

const ns = createNamespace('adapter')

for (const { name, express } of versions.slice(-1)) {
  describeAdapter(`${name} over cls-hooked`, {
    ...adapterApp(express),
    options: { context: createClsStorage(ns) },
  })
  describeAdapter(`${name} bridged to cls-hooked`, {
    ...adapterApp(express),
    options: { context: bridgeToCls(ns) },
  })
}
