/** The packages of this workspace, and whether what was built of each is as new as its source. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..')

export const rooms = readdirSync(join(root, 'packages')).sort()

/** `dist` is there, with its declarations where `types` are asked for, and newer than every file it is made from. */
export function isBuilt(room, types = true) {
  const folder = join(root, 'packages', room)
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  // Declarations are written last, and not at all when they fail.
  const outputs = types ? [manifest.main, manifest.types] : [manifest.main]
  const built = Math.min(...outputs.map((path) => changedMs(join(folder, path)) ?? 0))
  const shared = ['tsup.shared.ts', 'tsconfig.base.json'].map((path) => join(root, path))
  const own = ['package.json', 'tsup.config.ts', ...sources(folder)].map((path) => join(folder, path))
  return [...shared, ...own].every((path) => (changedMs(path) ?? 0) <= built)
}

/** What is shipped of `src`. */
function sources(folder) {
  return readdirSync(join(folder, 'src'), { recursive: true })
    .filter((name) => name.endsWith('.ts') && !/\.(test|test-d|fixture)\.ts$/.test(name))
    .map((name) => join('src', name))
}

function changedMs(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs
}
