/** Attribute values as text, for formats that have no types: OpenTelemetry's mapping to non-OTLP formats. */
import type { DecodedValue } from '../decoded-span.ts'

/** Text as it is, numbers and booleans as JSON has them, lists and maps as JSON, bytes as base64. */
export function textOfValue(value: DecodedValue): string {
  if (typeof value === 'string') return value
  const json = jsonOfValue(value)
  return typeof json === 'string' ? json : JSON.stringify(json)
}

/** The value as `JSON.stringify` takes it; an integer beyond 2^53, and what JSON has no number for, is text. */
function jsonOfValue(value: DecodedValue): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : String(value)
  }
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (value === null || typeof value !== 'object') return value
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (value instanceof Map) return jsonOfAttributes(value)
  return (value as readonly DecodedValue[]).map(jsonOfValue)
}

/** `__proto__` is a key like any other. */
export function jsonOfAttributes(attributes: ReadonlyMap<string, DecodedValue>): Record<string, unknown> {
  return Object.fromEntries([...attributes].map(([key, value]) => [key, jsonOfValue(value)]))
}
