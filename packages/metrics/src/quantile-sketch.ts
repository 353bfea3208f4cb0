/** What a summary asks of the sketches it can stand on. */
export interface QuantileSketch<S> {
  /** Counts `v`, which must be finite. */
  add(v: number): void
  /** Counts what the other counted, and leaves it as it is. */
  merge(other: S): void
  /** The values at these quantiles, 0 to 1; 0 and 1 are exact, and all are NaN when nothing was counted. */
  quantiles(wanted: readonly number[]): number[]
  /** Forgets everything. */
  clear(): void
}
