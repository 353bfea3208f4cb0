/** Samples new traces as a Jaeger server says, with all of its strategies. */
import type { SpanOptions } from '@opentelemetry/api'
import { type Clock, type Diagnostics, parseUrl, rejectOption, rejectUnknownKeys } from '@triscope/core'
import type { TraceRandomness } from './ids.ts'
import { aRatio } from './sampling-choice.ts'
import type { Decision } from './sampling-decision.ts'
import { RatioSampler } from './sampling-ratio.ts'
import { pollSamplingSource } from './sampling-source.ts'
import { parseStrategy, type Strategy } from './sampling-strategy.ts'

export interface JaegerRemoteOptions {
  /**
   * The HTTP endpoint of a Jaeger collector or agent, or of an OpenTelemetry Collector with `jaegerremotesampling`. Where
   * the URL has no path, it is `/sampling`.
   * @default 'http://localhost:5778/sampling'
   */
  endpoint?: string
  /** Milliseconds between two questions, 1 000 or more. @default 60000 */
  pollIntervalMs?: number
  /** The part that is kept until the server has answered for the first time, 0 to 1. @default 0.001 */
  initialRatio?: number
}

const KEYS: readonly string[] = ['endpoint', 'pollIntervalMs', 'initialRatio']
const MIN_INTERVAL_MS = 1_000

/** What the sampler needs to know of its surroundings. */
export interface RemoteParts {
  readonly service: string
  readonly clock: Clock
  readonly diagnostics: Diagnostics
}

export class RemoteSampler {
  #strategy: Strategy
  readonly #stop: () => void

  /** Begins to ask. Throws `TRI_ERR_OPTION` and `TRI_ERR_UNKNOWN_OPTION`. */
  constructor(path: string, options: JaegerRemoteOptions, parts: RemoteParts) {
    if (typeof options !== 'object' || options === null) rejectOption(path, 'an object of options', options)
    rejectUnknownKeys(path, options, KEYS)
    const {
      endpoint = 'http://localhost:5778/sampling',
      pollIntervalMs = 60_000,
      initialRatio = 0.001,
    } = options
    if (!(Number.isFinite(pollIntervalMs) && pollIntervalMs >= MIN_INTERVAL_MS)) {
      rejectOption(`${path}.pollIntervalMs`, `milliseconds, ${MIN_INTERVAL_MS} or more`, pollIntervalMs)
    }
    this.#strategy = new RatioSampler(aRatio(`${path}.initialRatio`, initialRatio))
    let last: string | undefined
    this.#stop = pollSamplingSource({
      url: samplingUrl(`${path}.endpoint`, endpoint, parts.service),
      pollIntervalMs,
      clock: parts.clock,
      diagnostics: parts.diagnostics,
      onAnswer: (answer) => {
        // The same answer again must not fill up the buckets of its rate limits.
        const text = JSON.stringify(answer)
        if (text === last) return
        this.#strategy = parseStrategy(answer, parts.clock)
        last = text
      },
    })
  }

  decide(trace: TraceRandomness, name: string, options: SpanOptions | undefined): Decision {
    return this.#strategy.decide(trace, name, options)
  }

  shutdown(): void {
    this.#stop()
  }
}

function samplingUrl(path: string, endpoint: unknown, service: string): URL {
  if (typeof endpoint !== 'string' || !/^https?:$/.test(parseUrl(endpoint)?.protocol ?? '')) {
    return rejectOption(
      path,
      'an http:// or https:// URL',
      endpoint,
      'for example http://localhost:5778/sampling',
    )
  }
  const url = new URL(endpoint)
  if (url.pathname === '/') url.pathname = '/sampling'
  url.searchParams.set('service', service)
  return url
}
