/** Every version of Express that is tested: the last of each way in which its router tells what it does. */
import { createRequire } from 'node:module'
import type express from 'express'

const load = createRequire(import.meta.url)

export type ExpressFunction = typeof express

/** Name, `express()`, and whether a rejected handler is an error to it. */
export const versions: readonly {
  readonly name: string
  readonly express: ExpressFunction
  readonly major: 4 | 5
}[] = [
  { name: 'Express 4.17', express: load('express417') as ExpressFunction, major: 4 },
  { name: 'Express 4.22', express: load('express4') as ExpressFunction, major: 4 },
  { name: 'Express 5 with router 2.1', express: load('express-router21') as ExpressFunction, major: 5 },
  { name: 'Express 5 with router 2.3', express: load('express') as ExpressFunction, major: 5 },
]
