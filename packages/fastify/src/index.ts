export type { RequestTelemetry, Telemetry, TriscopeOptions } from '@triscope/sdk'
export { TriscopeError } from '@triscope/sdk'
export type { FastifyApp } from './fastify-app.ts'
export { type Triscope, triscope, triscope as default } from './triscope.ts'
