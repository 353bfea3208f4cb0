/**
 * Exemplars that a source brings with its points. OpenMetrics 1.0, "Exemplars".
 *
 * Invariant: one that the format does not allow costs itself, never its point and never the scrape.
 */
import type { Labels } from '@triscope/core'
import type { ShownExemplar } from './exemplar.ts'
import { labelValueText } from './label-value.ts'
import { isLabelName } from './names.ts'

/** What stands behind a counter's or a bucket's number. */
export interface PointExemplar {
  /** Names and values together have at most 128 characters. */
  readonly labels: Labels
  readonly value: number
  /** Seconds since 1970. @default none is written */
  readonly timestampSeconds?: number
}

/** OpenMetrics 1.0, "Exemplars": names and values of the labels together. */
const MAX_LABEL_CHARACTERS = 128

/** What is written of it, or `undefined` when it may not be. */
export function shownExemplar(exemplar: PointExemplar): ShownExemplar | undefined {
  const { labels, value, timestampSeconds } = exemplar
  if (typeof labels !== 'object' || labels === null || typeof value !== 'number' || Number.isNaN(value))
    return undefined
  if (timestampSeconds !== undefined && !(timestampSeconds >= 0 && timestampSeconds < Infinity))
    return undefined
  let characters = 0
  const pairs: (readonly [string, string])[] = []
  for (const [name, given] of Object.entries(labels)) {
    const text = labelValueText(given)
    if (!isLabelName(name) || text === undefined) return undefined
    characters += name.length + [...text].length
    if (characters > MAX_LABEL_CHARACTERS) return undefined
    pairs.push([name, text])
  }
  return { labels: pairs, value, atMs: timestampSeconds === undefined ? undefined : timestampSeconds * 1000 }
}
