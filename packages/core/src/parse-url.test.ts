import { describe, expect, it } from 'vitest'
import { parseUrl } from './index.ts'

describe('parseUrl', () => {
  it('reads a URL, and throws for nothing, however often it is asked', () => {
    expect(parseUrl('http://a:1/b')?.host).toBe('a:1')
    for (let i = 0; i < 20_000; i++) expect(parseUrl('http:Ï //')).toBeUndefined()
  })
})
