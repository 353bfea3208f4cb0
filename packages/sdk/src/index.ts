export type { RedactionOptions, RedactionPreset, Value } from '@triscope/core'
export { TriscopeError } from '@triscope/core'
export { getLogger } from '@triscope/logging'
export {
  type Counter,
  exponentialBuckets,
  type Gauge,
  type Histogram,
  type Info,
  linearBuckets,
  type Observable,
  type Registry,
  type Summary,
  type UpDownCounter,
} from '@triscope/metrics'
export { activeSpan, continueTrace, inject, recordError, span } from '@triscope/tracing'
export type { ForwardedHeader, TrustedProxies, TrustProxyOptions } from './client-address.ts'
export type { CheckReport, HealthReport } from './health.ts'
export {
  counter,
  gauge,
  histogram,
  type InstrumentSettings,
  info,
  observableCounter,
  observableGauge,
  observableUpDownCounter,
  summary,
  upDownCounter,
} from './instruments.ts'
export type {
  HealthCheck,
  HealthOptions,
  LoggingSettings,
  MetricsOptions,
  ShutdownOptions,
  TracingSettings,
  TriscopeOptions,
} from './options.ts'
export { bindBody } from './request-body.ts'
export type { Req, Res } from './request-end.ts'
export { holderOf } from './request-holder.ts'
export type { RequestIdOptions } from './request-id.ts'
export type { RouteOverride } from './request-route.ts'
export {
  type BeginOptions,
  type ErrorContext,
  type RequestTelemetry,
  type RequestUser,
  requestOf,
  type ServerRequest,
} from './server-request.ts'
export type { SettingInForce } from './setting-report.ts'
export { telemetryFor } from './shared-telemetry.ts'
export { createTelemetry, type Telemetry } from './telemetry.ts'
export { runListeners, watchUpgrades } from './upgrades.ts'
