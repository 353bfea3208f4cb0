/** How much one span may hold: OpenTelemetry specification, "Span Limits". What is beyond is counted in the span. */
import { createRedaction, type Redaction, rejectOption, rejectUnknownKeys } from '@triscope/core'
import { AttributeMemory } from './attribute-memory.ts'

export interface LimitOptions {
  /**
   * Attributes of a span, and of each of its events and links; later keys are dropped and counted in the span.
   * @default 128
   */
  attributes?: number
  /**
   * Characters of a string value; longer ones are cut. OpenTelemetry sets no limit: there one value, a response body
   * by accident, can take the memory of the process, and a backend refuses it anyway. `Infinity` is that.
   * @default 65536
   */
  attributeLength?: number
  /**
   * Elements of a list value, whose texts have 1 048 576 characters together at most; longer ones are cut, and counted
   * once as `VALUE_INVALID`.
   * @default 1000
   */
  arrayLength?: number
  /**
   * Events of a span; beyond, the oldest goes and is counted in the span.
   * @default 128
   */
  events?: number
  /**
   * Links of a span; beyond, the oldest goes and is counted in the span.
   * @default 128
   */
  links?: number
}

/** Limits as all code reads them, with the policy for what must not be recorded at all, and what came through both. */
export interface Limits extends Readonly<Required<LimitOptions>> {
  readonly redaction: Redaction
  readonly memory: AttributeMemory
}

const defaults: Readonly<Required<LimitOptions>> = {
  attributes: 128,
  attributeLength: 65_536,
  arrayLength: 1_000,
  events: 128,
  links: 128,
}

/** Checks the option and fills it up; throws `TRI_ERR_OPTION`. */
export function resolveLimits(options: LimitOptions = {}, redaction: Redaction = createRedaction()): Limits {
  rejectUnknownKeys('tracing.limits', options, Object.keys(defaults))
  return {
    attributes: limit('attributes', options.attributes),
    attributeLength: limit('attributeLength', options.attributeLength),
    arrayLength: limit('arrayLength', options.arrayLength),
    events: limit('events', options.events),
    links: limit('links', options.links),
    redaction,
    memory: new AttributeMemory(),
  }
}

function limit(name: keyof LimitOptions, value: number | undefined): number {
  const count = value ?? defaults[name]
  if (count === Number.POSITIVE_INFINITY || (Number.isInteger(count) && count >= 0)) return count
  rejectOption(`tracing.limits.${name}`, 'a count of 0 or more', value)
}
