/**
 * Makes one runnable file of a program and of the rooms it imports, from their source, so that a test starts a real
 * process with nothing built. Third parties stay outside and are loaded as Node would load them.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { esbuildWorkerSource } from '../scripts/worker-source.mjs'

/** Root of the workspace. */
export const root: string = fileURLToPath(new URL('..', import.meta.url))

/**
 * Writes `program` as `<folder>/program.mjs`, with a package.json that names the service `example`. Imports are
 * resolved as from `packages/<room>`. Returns the path of the file.
 */
export async function bundleProgram(program: string, folder: string, room: string): Promise<string> {
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'example', version: '1.0.0', private: true }),
  )
  const outfile = join(folder, 'program.mjs')
  await build({
    stdin: {
      contents: program,
      resolveDir: join(root, 'packages', room),
      sourcefile: 'program.ts',
      loader: 'ts',
    },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['@triscope/source'],
    sourcemap: 'inline',
    plugins: [esbuildWorkerSource, thirdPartiesOutside],
    logLevel: 'silent',
  })
  return outfile
}

const insidePlugin = Symbol('resolving')

/** A third party becomes an import of the very file that its importer would get, wherever the bundle lies. */
const thirdPartiesOutside: Plugin = {
  name: 'third-parties-outside',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^[^./]/ }, async ({ path, importer, resolveDir, kind, pluginData }) => {
      if (pluginData === insidePlugin || path.startsWith('node:') || /^@triscope\//.test(path))
        return undefined
      const found = await resolve(path, { importer, resolveDir, kind, pluginData: insidePlugin })
      return { ...found, external: true }
    })
  },
}
