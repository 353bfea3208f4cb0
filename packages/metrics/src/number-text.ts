/** How numbers are written. Prometheus text format 0.0.4, "Line format"; OpenMetrics 1.0, "Numbers". */

/** A sample's value: as JavaScript writes it, but for the three that are spelt otherwise. */
export function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  if (value === Number.NEGATIVE_INFINITY) return '-Inf'
  // JavaScript writes `NaN` as the formats do; so that minus zero keeps no sign, it writes `0`.
  return String(value)
}

/**
 * The value of `le` and `quantile` in OpenMetrics: always a float, `1.0`, with an exponent of two digits below
 * 0.0001 and from a million on, so that every client writes the same bucket under the same label.
 * OpenMetrics 1.0, "Considerations: Canonical Numbers".
 */
export function canonicalFloat(value: number): string {
  if (!Number.isFinite(value)) return numberText(value)
  if (value === 0) return '0.0'
  const [mantissa = '', exponentText = '0'] = value.toExponential().split('e')
  const exponent = Number(exponentText)
  if (exponent < -4 || exponent >= 6) {
    const digits = String(Math.abs(exponent)).padStart(2, '0')
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${digits}`
  }
  const text = String(value)
  return text.includes('.') ? text : `${text}.0`
}
