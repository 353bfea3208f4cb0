/** Types of `check.mjs`, for its test. */
export declare function checkLayers(root: string): {
  readonly rooms: number
  readonly files: number
  readonly faults: readonly string[]
}
