// The bounds of the sketches on a million values; `npm test` does the same on a tenth of them.
import { describe, it } from 'vitest'
import { checkSketches, SHAPES, valuesOf } from './distributions.fixture.ts'

describe('sketches of 1 000 000 values, whole and merged of eight parts', () => {
  it.each(SHAPES)('keep to their bounds when the data are %s', { timeout: 60_000 }, (shape) => {
    checkSketches(valuesOf(shape, 1_000_000))
  })
})
