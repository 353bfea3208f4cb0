/** The one telemetry of a process, which every adapter and every second call shares. */
import { processSlot, TriscopeError } from '@triscope/core'
import type { TriscopeOptions } from './options.ts'
import { createTelemetry, type Telemetry } from './telemetry.ts'

interface Shared {
  telemetry: Telemetry
  options: TriscopeOptions
}

const slot = (): { shared: Shared | undefined } => processSlot('telemetry', () => ({ shared: undefined }))

/**
 * The process's telemetry, created at the first call. A telemetry that is passed in is used as it is.
 * A later call with other options changes nothing and warns `TRI_WARN_DOUBLE`, naming what differs.
 */
export function telemetryFor(options?: TriscopeOptions | Telemetry): Telemetry {
  if (options !== undefined && (typeof options !== 'object' || options === null)) {
    throw new TriscopeError('TRI_ERR_OPTION', `expected an object of options, got ${typeof options}`)
  }
  if (options !== undefined && isTelemetry(options)) return options
  const state = slot()
  if (state.shared === undefined) {
    const telemetry = createTelemetry(options)
    const shared: Shared = {
      options: options ?? {},
      telemetry: {
        ...telemetry,
        // After its shutdown the next call makes a new one.
        shutdown(timeoutMs) {
          if (state.shared === shared) state.shared = undefined
          return telemetry.shutdown(timeoutMs)
        },
      },
    }
    state.shared = shared
    return shared.telemetry
  }
  const { telemetry, options: first } = state.shared
  if (options !== undefined) warnOfDifferences(telemetry, first, options)
  return telemetry
}

function isTelemetry(value: TriscopeOptions | Telemetry): value is Telemetry {
  return typeof (value as Partial<Telemetry>).beginRequest === 'function'
}

function warnOfDifferences(telemetry: Telemetry, first: TriscopeOptions, second: TriscopeOptions): void {
  const paths = differences('', first as Record<string, unknown>, second as Record<string, unknown>)
  if (paths.length === 0) return
  telemetry.diagnostics.warn(
    'TRI_WARN_DOUBLE',
    `triscope was called again with other options (${paths.join(', ')}); the first call's options stay in force: give the options once`,
  )
}

/** Paths that the second call names and the first has otherwise. */
function differences(
  path: string,
  first: Record<string, unknown>,
  second: Record<string, unknown>,
): string[] {
  return Object.keys(second).flatMap((key) => {
    const [a, b] = [first[key], second[key]]
    const full = path === '' ? key : `${path}.${key}`
    if (Object.is(a, b)) return []
    return isPlain(a) && isPlain(b) ? differences(full, a, b) : [full]
  })
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
