/** The smallest app of each framework, written in each way that apps are written in. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import type { EmptyApp } from './empty-app.ts'

export type Framework = 'express' | 'fastify' | 'http'

/** What each asks to be installed, besides its adapter. */
export const frameworkPackages: Readonly<Record<Framework, readonly string[]>> = {
  express: ['express'],
  fastify: ['fastify'],
  http: [],
}

/** Whether the app imports Triscope before its framework. */
export type Order = 'first' | 'last'

export const kinds = [
  'ESM',
  'CommonJS',
  'TypeScript ESM',
  'TypeScript CommonJS',
  'esbuild ESM',
  'esbuild CommonJS',
] as const

export type Kind = (typeof kinds)[number]

/** What TypeScript apps install beside. */
export const typeScriptPackages: readonly string[] = [
  'typescript@5.9.3',
  '@types/node@20',
  '@types/express@5',
]

/** Writes the app, compiles or bundles it where its kind asks for that, and returns the file to run. */
export async function makeApp(
  app: EmptyApp,
  framework: Framework,
  kind: Kind,
  order: Order,
): Promise<string> {
  switch (kind) {
    case 'ESM':
      return app.write(`${framework}-${order}.mjs`, source(framework, order, 'esm'))
    case 'CommonJS':
      return app.write(`${framework}-${order}.cjs`, source(framework, order, 'cjs'))
    case 'TypeScript ESM':
      return join(await compiled(app, framework, 'mts'), `${framework}-${order}.mjs`)
    case 'TypeScript CommonJS':
      return join(await compiled(app, framework, 'cts'), `${framework}-${order}.cjs`)
    case 'esbuild ESM':
      return await bundle(app, 'esm', source(framework, order, 'esm'))
    case 'esbuild CommonJS':
      return await bundle(app, 'cjs', source(framework, order, 'bundled'))
  }
}

type Syntax = 'esm' | 'cjs' | 'typescript' | 'bundled'

function source(framework: Framework, order: Order, syntax: Syntax): string {
  const { imports, program } = frameworks[framework]
  const pair = imports[syntax === 'cjs' ? 'require' : 'import']
  const lines = order === 'first' ? [pair.triscope, pair.framework] : [pair.framework, pair.triscope]
  return `${lines.join('\n')}\n${program(syntax)}`
}

const expressImports = {
  import: {
    triscope: `import { triscope } from '@triscope/express'`,
    framework: `import express from 'express'`,
  },
  require: {
    triscope: `const { triscope } = require('@triscope/express')`,
    framework: `const express = require('express')`,
  },
}

const fastifyImports = {
  import: {
    triscope: `import triscope from '@triscope/fastify'`,
    framework: `import { fastify } from 'fastify'`,
  },
  require: {
    triscope: `const triscope = require('@triscope/fastify')`,
    framework: `const { fastify } = require('fastify')`,
  },
}

const httpImports = {
  import: {
    triscope: `import { triscope } from '@triscope/http'`,
    framework: `import { createServer } from 'node:http'`,
  },
  require: {
    triscope: `const { triscope } = require('@triscope/http')`,
    framework: `const { createServer } = require('node:http')`,
  },
}

const frameworks = {
  express: { imports: expressImports, program: expressProgram },
  fastify: { imports: fastifyImports, program: fastifyProgram },
  http: { imports: httpImports, program: httpProgram },
}

function expressProgram(syntax: Syntax): string {
  return `
const app = express()
app.use(triscope())
app.get('/users/:id', (req, res) => {
  req.log.info({ user: req.params.id }, 'looked up')
  res.json({ id: req.params.id })
})
const server = app.listen(0, '127.0.0.1', () => {
  console.log('listening on', ${portOf('server', syntax)})
})
`
}

function fastifyProgram(syntax: Syntax): string {
  return `
const app = fastify()
${syntax === 'esm' ? 'await ' : ''}app.register(triscope)
app.get${syntax === 'typescript' ? '<{ Params: { id: string } }>' : ''}('/users/:id', async (request) => {
  request.log.info({ user: request.params.id }, 'looked up')
  return { id: request.params.id }
})
app.listen({ port: 0, host: '127.0.0.1' }, () => {
  console.log('listening on', ${portOf('app.server', syntax)})
})
`
}

function httpProgram(syntax: Syntax): string {
  return `
const server = createServer((req, res) => {
  const request = triscope.requestOf(req)
  const id = /^.users.(.+)$/.exec(req.url ?? '')?.[1]
  request.route('/users/:id')
  request.log.info({ user: id }, 'looked up')
  res.end(JSON.stringify({ id }))
})
triscope(server)
server.listen(0, '127.0.0.1', () => {
  console.log('listening on', ${portOf('server', syntax)})
})
`
}

function portOf(server: string, syntax: Syntax): string {
  const address = `${server}.address()`
  return syntax === 'typescript' ? `(${address} as import('node:net').AddressInfo).port` : `${address}.port`
}

/** As strict as TypeScript gets, and with a look into our declarations. */
const compilerOptions = {
  target: 'ES2022',
  module: 'NodeNext',
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noImplicitOverride: true,
  noPropertyAccessFromIndexSignature: true,
  esModuleInterop: true,
  skipLibCheck: false,
  types: ['node'],
  outDir: 'compiled',
}

const compilations = new Map<string, Promise<string>>()

/** The folder of what the compiler made of both orders, in one run of it: it takes longer than they do. */
function compiled(app: EmptyApp, framework: Framework, extension: 'mts' | 'cts'): Promise<string> {
  const key = `${app.folder} ${extension}`
  const compilation = compilations.get(key) ?? compile(app, framework, extension)
  compilations.set(key, compilation)
  return compilation
}

async function compile(app: EmptyApp, framework: Framework, extension: 'mts' | 'cts'): Promise<string> {
  const files = (['first', 'last'] as const).map((order) =>
    app.write(`${framework}-${order}.${extension}`, source(framework, order, 'typescript')),
  )
  const project = app.write(`tsconfig.${extension}.json`, JSON.stringify({ compilerOptions, files }))
  const { status, text } = await app.run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', project])
  if (status !== 0) throw new Error(`tsc refuses the app\n${text}`)
  return join(app.folder, compilerOptions.outDir)
}

/** Far from any node_modules, so that nothing but what is in the bundle can be loaded. */
async function bundle(app: EmptyApp, format: 'esm' | 'cjs', text: string): Promise<string> {
  const folder = app.folderOutside()
  writeFileSync(join(folder, 'package.json'), '{ "name": "shop", "version": "1.0.0" }')
  const outfile = join(folder, format === 'esm' ? 'app.mjs' : 'app.cjs')
  const { warnings } = await build({
    stdin: { contents: text, resolveDir: app.folder, sourcefile: 'app.mjs' },
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format,
    // CommonJS below an ES module asks for `require`; this is what esbuild's users give it.
    ...(format === 'esm' && { banner: { js: requireBanner } }),
    logLevel: 'silent',
  })
  if (warnings.length > 0) throw new Error(warnings.map((each) => each.text).join('\n'))
  return outfile
}

const requireBanner = `import { createRequire as createRequire_ } from 'node:module'; const require = createRequire_(import.meta.url);`
