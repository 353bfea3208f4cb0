export type { AccessFields, AccessLevel } from './access-line.ts'
export { getLogger, setCurrentLogging } from './current-logging.ts'
export type { LogDestination } from './destination.ts'
export { createLogging, type Logging, type LoggingOptions } from './logging.ts'
