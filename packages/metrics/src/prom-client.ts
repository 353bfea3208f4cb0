/**
 * The way between this registry and one of prom-client's kind: `@triscope/metrics/prom-client`.
 *
 * Nothing of prom-client is loaded: a registry is what has its methods, of whichever copy, version or fork it is.
 */
export { type AdoptOptions, adoptRegistry } from './adopted-registry.ts'
export type { ForeignRegistry } from './foreign-registry.ts'
export { type WritableRegistry, type WriteOptions, writeInto } from './foreign-writer.ts'
