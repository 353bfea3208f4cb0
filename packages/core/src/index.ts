export { type Clock, systemClock, type Timer } from './clock.ts'
export {
  activeContext,
  activeSpan,
  activeSpanContext,
  adoptContext,
  type ContextStorage,
  contextWithSpan,
  installContext,
  replaceContext,
} from './context.ts'
export {
  createDiagnostics,
  type DiagnosticCode,
  type DiagnosticInstrument,
  type DiagnosticMessage,
  type DiagnosticPoint,
  type Diagnostics,
  type DiagnosticsOptions,
  type DropReason,
  type Labels,
  messageOf,
  type RoomOptions,
  type Signal,
} from './diagnostics.ts'
export { countError, createErrorTypes, isFirstOn } from './error-count.ts'
export { errorClassOf, errorMessageOf, errorStackOf, errorTypeOf, OTHER_ERROR } from './error-facts.ts'
export { TriscopeError, type TriscopeErrorDetails } from './errors.ts'
export { HTTP_ATTRIBUTE, methodAttribute, methodSpanName, OTHER_METHOD } from './http-semconv.ts'
export { nearest, rejectOption, rejectUnknownKeys } from './options.ts'
export { type ApiGlobal, type ApiRegistration, apiGlobal, registerApi } from './otel-api.ts'
export { parseUrl } from './parse-url.ts'
export type { Pipeline } from './pipeline.ts'
export { processSlot } from './process-state.ts'
export {
  createRedaction,
  isSecretError,
  REDACTED,
  type Redaction,
  type RedactionOptions,
} from './redaction.ts'
export type { RedactionPreset } from './redaction-keys.ts'
export {
  createResource,
  parseResourceAttributes,
  type Resource,
  type ResourceOptions,
  SDK_VERSION,
  type Value,
} from './resource.ts'
export { settle } from './settle.ts'
export { isUntraced, untraced } from './suppression.ts'
