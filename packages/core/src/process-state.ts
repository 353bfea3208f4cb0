/**
 * What a process has one of: the context storage, the telemetry in force, the default registry.
 *
 * Invariant: all of it hangs on one global symbol, so that the ESM and the CJS copy of a package, or two copies that
 * a package manager installed side by side, share it. The number in the symbol rises when a slot changes its shape.
 */
const STATE = Symbol.for('triscope.1')

type Slots = Record<string, unknown>

function slots(): Slots {
  const holder = globalThis as { [STATE]?: Slots }
  holder[STATE] ??= Object.create(null) as Slots
  return holder[STATE]
}

/**
 * Returns what this process keeps under `name`, made by `create` at the first call.
 * Each name belongs to the one file that calls this with it, and that file alone knows the type.
 */
export function processSlot<T>(name: string, create: () => T): T {
  const state = slots()
  if (!(name in state)) state[name] = create()
  return state[name] as T
}
