export type { RequestTelemetry, Telemetry, TriscopeOptions } from '@triscope/sdk'
export { TriscopeError } from '@triscope/sdk'
export type { ExpressApp, Handler, Next } from './express-app.ts'
export { type Triscope, triscope } from './triscope.ts'
