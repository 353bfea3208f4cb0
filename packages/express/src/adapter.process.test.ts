import { describeAdapter } from '@triscope/testing/describe-adapter'
import { adapterApp } from './adapter-app.fixture.ts'
import { versions } from './express-versions.fixture.ts'

for (const { name, express } of versions) describeAdapter(name, adapterApp(express))
