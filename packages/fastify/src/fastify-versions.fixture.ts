/** Every major version of Fastify that is tested. */
import { createRequire } from 'node:module'
import type { fastify } from 'fastify'

const load = createRequire(import.meta.url)

export const versions: readonly { readonly name: string; readonly fastify: typeof fastify }[] = [
  { name: 'Fastify 4', fastify: load('fastify4') as typeof fastify },
  { name: 'Fastify 5', fastify: load('fastify') as typeof fastify },
]
