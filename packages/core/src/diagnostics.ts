/**
 * What telemetry says of itself: what it dropped, what failed. Rooms count here; the sdk shows the counters on
 * `/metrics`, because core may not know the metrics room.
 *
 * Invariant: a loss is counted before anything else is done about it, and a message is said at most once a minute
 * for each code, so that a broken backend cannot flood the app's output.
 */
import { type Clock, systemClock } from './clock.ts'

/** The three signals, by OpenTelemetry's names. */
export type Signal = 'metrics' | 'traces' | 'logs'

/** Label names and values of one series. */
export type Labels = Readonly<Record<string, string>>

/** Why telemetry was lost. */
export type DropReason =
  | 'SERIES_LIMIT'
  | 'VALUE_INVALID'
  | 'EXEMPLAR_INVALID'
  | 'QUEUE_FULL'
  | 'TOO_LARGE'
  | 'REFUSED'
  | 'RETRIES_ENDED'
  | 'SHUTDOWN'
  | 'HOOK_THREW'
  | 'WRITE_FAILED'

/** Codes of everything that is counted and said at run time. */
export type DiagnosticCode = `TRI_${'ERR' | 'WARN'}_${string}`

/** One counter or gauge of the store, as the sdk exposes it. */
export interface DiagnosticPoint {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly labels: Labels
  readonly value: number
}

/** A message for a human, already rate-limited. */
export interface DiagnosticMessage {
  readonly code: DiagnosticCode
  readonly message: string
  readonly error: unknown
  /** How many of the same code were kept silent since the last one that was said. */
  readonly suppressed: number
}

/** What names one counter or gauge; name and labels together are its identity. */
export interface DiagnosticInstrument {
  /** A Prometheus name; counters end in `_total`. */
  name: string
  help: string
  labels?: Labels
}

export interface Diagnostics {
  /** Counts telemetry that is lost: `triscope_telemetry_dropped_total{signal,reason}`. */
  dropped(signal: Signal, reason: DropReason, count?: number): void
  /** Counts a failure, and says it unless the same code was said within a minute. */
  failed(code: DiagnosticCode, error: unknown): void
  /**
   * Says something once a minute at most for each code; counted like a failure.
   * @param about what it is about, where each of several things has a minute of its own: an instrument
   */
  warn(code: DiagnosticCode, message: string, about?: string): void
  /** The same instrument for the same name and labels. */
  counter(instrument: DiagnosticInstrument): { add(n?: number): void }
  /** A value that is read when somebody looks; the returned function takes it away again. */
  gauge(instrument: DiagnosticInstrument & { read: () => number }): () => void
  /** Everything now; a gauge that throws is left out. */
  snapshot(): readonly DiagnosticPoint[]
}

export interface DiagnosticsOptions {
  clock?: Clock
  /**
   * Receives each message. What it throws is ignored.
   * @default `process.emitWarning`: one line on stderr, and the process's `warning` event
   */
  onMessage?: (message: DiagnosticMessage) => void
}

/** A message of one code is said at most this often. */
const QUIET_MS = 60_000
/** Things that have a minute of their own; more share that of their code, so that no name can make this grow. */
const MAX_ABOUT = 1_000

/** Makes an empty store. */
export function createDiagnostics(options: DiagnosticsOptions = {}): Diagnostics {
  return new DiagnosticsStore(options.clock ?? systemClock, options.onMessage ?? warnOnProcess)
}

/** What every room takes, so that it can be used alone, tested, and joined by the sdk. */
export interface RoomOptions {
  /** @default a store of its own, whose messages go to `process.emitWarning` */
  diagnostics?: Diagnostics
  /** @default the machine's clock */
  clock?: Clock
  /**
   * Environment variables to read; a room never reads `process.env` by itself.
   * @default none
   */
  env?: Readonly<Record<string, string | undefined>>
}

class Counter {
  value = 0

  add(n = 1): void {
    this.value += n
  }
}

interface Entry {
  readonly instrument: DiagnosticInstrument
  readonly counter: Counter | undefined
  readonly read: () => number
}

class DiagnosticsStore implements Diagnostics {
  readonly #entries = new Map<string, Entry>()
  readonly #drops = new Map<string, Counter>()
  readonly #said = new Map<string, { atMs: number; suppressed: number }>()
  readonly #clock: Clock
  readonly #onMessage: (message: DiagnosticMessage) => void

  constructor(clock: Clock, onMessage: (message: DiagnosticMessage) => void) {
    this.#clock = clock
    this.#onMessage = onMessage
  }

  dropped(signal: Signal, reason: DropReason, count = 1): void {
    // Remembered by name, because this is called once for each span while a backend is down.
    const key = `${signal} ${reason}`
    let counter = this.#drops.get(key)
    if (counter === undefined) {
      counter = this.counter({
        name: 'triscope_telemetry_dropped_total',
        help: 'Telemetry that was lost, by signal and reason',
        labels: { signal, reason },
      })
      this.#drops.set(key, counter)
    }
    counter.add(count)
  }

  failed(code: DiagnosticCode, error: unknown): void {
    this.#say(code, messageOf(error), error)
  }

  warn(code: DiagnosticCode, message: string, about?: string): void {
    this.#say(code, message, undefined, about)
  }

  counter(instrument: DiagnosticInstrument): Counter {
    const key = keyOf(instrument)
    const existing = this.#entries.get(key)?.counter
    if (existing !== undefined) return existing
    const counter = new Counter()
    this.#entries.set(key, { instrument, counter, read: () => counter.value })
    return counter
  }

  gauge(instrument: DiagnosticInstrument & { read: () => number }): () => void {
    const key = keyOf(instrument)
    const entry: Entry = { instrument, counter: undefined, read: instrument.read }
    this.#entries.set(key, entry)
    return () => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key)
    }
  }

  snapshot(): readonly DiagnosticPoint[] {
    const points: DiagnosticPoint[] = []
    for (const { instrument, counter, read } of this.#entries.values()) {
      const value = readOrNothing(read)
      if (value === undefined) continue
      const { name, help, labels = {} } = instrument
      points.push({ name, help, type: counter === undefined ? 'gauge' : 'counter', labels, value })
    }
    return points
  }

  #say(code: DiagnosticCode, message: string, error: unknown, about?: string): void {
    this.counter({
      name: 'triscope_telemetry_failures_total',
      help: 'Failures and warnings of telemetry itself, by code',
      labels: { code },
    }).add()
    const nowMs = this.#clock.monotonicMs()
    const own = about === undefined ? code : `${code} ${about}`
    const key = this.#said.has(own) || this.#said.size < MAX_ABOUT ? own : code
    const last = this.#said.get(key)
    if (last !== undefined && nowMs - last.atMs < QUIET_MS) {
      last.suppressed++
      return
    }
    this.#said.set(key, { atMs: nowMs, suppressed: 0 })
    try {
      this.#onMessage({ code, message, error, suppressed: last?.suppressed ?? 0 })
    } catch {
      // The listener is the place where failures are told; there is nowhere left to tell its own.
    }
  }
}

function keyOf({ name, labels }: DiagnosticInstrument): string {
  return labels === undefined ? name : JSON.stringify([name, labels])
}

function readOrNothing(read: () => number): number | undefined {
  try {
    return read()
  } catch {
    // A gauge whose owner is gone has no value; the others must still be seen.
    return undefined
  }
}

/** Anything can be thrown, and reading it may throw again. */
export function messageOf(error: unknown): string {
  try {
    // A message may be anything too, a symbol for instance, which no template takes.
    return String(error instanceof Error ? error.message : error)
  } catch {
    return 'an error that cannot be read'
  }
}

function warnOnProcess({ code, message, suppressed }: DiagnosticMessage): void {
  const more = suppressed === 0 ? '' : ` (and ${suppressed} more in the last minute)`
  process.emitWarning(`${message}${more}`, { type: 'TriscopeWarning', code })
}
