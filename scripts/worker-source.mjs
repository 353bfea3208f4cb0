/**
 * Puts the program of delivery's sending thread, as text, into the place that waits for it: `worker-source.ts`. For every
 * build, and for tests, which run from source.
 */
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const folder = fileURLToPath(new URL('../packages/delivery/src', import.meta.url))
const place = /[\\/]delivery[\\/]src[\\/]worker-source\.ts$/

const entry = `
import { parentPort, workerData } from 'node:worker_threads'
import { serveSends } from './worker-main.ts'
serveSends(parentPort, workerData)
`

let made

/** The module with the program in it; made once for each process. */
function moduleText() {
  made ??= build({
    stdin: { contents: entry, resolveDir: folder, sourcefile: 'worker-entry.ts', loader: 'ts' },
    bundle: true,
    write: false,
    minify: true,
    platform: 'node',
    // `eval: true` runs it as CommonJS.
    format: 'cjs',
    target: 'node20',
    // `module`: OpenTelemetry's API as ES modules, of which little is needed.
    conditions: ['@triscope/source', 'module'],
    logLevel: 'silent',
  }).then(({ outputFiles: [file] }) => `export const workerSource = ${JSON.stringify(file.text)}\n`)
  return made
}

/** For esbuild, and so for tsup. */
export const esbuildWorkerSource = {
  name: 'worker-source',
  setup({ onLoad }) {
    onLoad({ filter: place }, async () => ({ contents: await moduleText(), loader: 'js' }))
  },
}

/** For vite, and so for vitest. */
export const viteWorkerSource = {
  name: 'worker-source',
  enforce: 'pre',
  async load(id) {
    return place.test(id) ? await moduleText() : undefined
  },
}
