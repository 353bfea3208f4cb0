/**
 * Finds out whether more than one copy of `@opentelemetry/api` is loaded, and who was registered there before us.
 *
 * Two copies share one global object, but each looks at the version that the first registration left in it: a library
 * that holds 1.10 does not see a provider registered through 1.9, and says nothing. A silent no-op is the worst fault
 * of this ecosystem, so both paths are named.
 */
import { existsSync, readFileSync, realpathSync } from 'node:fs'
// The default alone: bundlers' banners import `createRequire` by name, and a file may do so only once.
import Module from 'node:module'
import { dirname, join, sep } from 'node:path'
import { apiGlobal, type Diagnostics } from '@triscope/core'

/** One copy of the API on disk. */
export interface ApiCopy {
  readonly path: string
  readonly version: string
}

const NAME = '@opentelemetry/api'

/** Copies that are loaded, the one that the app itself would load, and ours. */
export function findApiCopies(appFolder: string = process.cwd()): readonly ApiCopy[] {
  const copies = new Map<string, ApiCopy>()
  for (const folder of [
    ...loadedFolders(),
    resolvedFrom(join(appFolder, 'package.json')),
    ...ourFolders(appFolder),
  ]) {
    if (folder === undefined || copies.has(folder)) continue
    const version = versionIn(folder)
    if (version !== undefined) copies.set(folder, { path: folder, version })
  }
  return [...copies.values()]
}

/**
 * Warns `TRI_WARN_API_COPIES` when there are several, and lets newer copies see what we registered: a copy accepts the
 * global object when the version in it is at least its own. To be called after all our registrations, because a copy
 * registers only where the version equals its own.
 */
export function reconcileApiCopies(diagnostics: Diagnostics, copies: readonly ApiCopy[]): void {
  if (copies.length < 2) return
  const shared = apiGlobal()
  const newest = copies.map(({ version }) => version).reduce((a, b) => (isNewer(b, a) ? b : a))
  if (shared !== undefined && isNewer(newest, shared.version)) shared.version = newest
  const list = copies.map(({ path, version }) => `${version} at ${path}`).join('; ')
  diagnostics.warn(
    'TRI_WARN_API_COPIES',
    `${copies.length} copies of ${NAME} are in this process: ${list}. All of them see Triscope's spans, but only one can register anything more; keep one, by "npm dedupe" or an override`,
  )
}

/**
 * CommonJS keeps every loaded file by its path, also those that an ES module imported. From 1.10 on the API has ES
 * modules too, which nothing lists: the copies that the app and we would load are resolved besides.
 */
function loadedFolders(): string[] {
  const mark = `${sep}${join('node_modules', ...NAME.split('/'))}${sep}`
  const folders = new Set<string>()
  const cache = (Module as unknown as { _cache?: Record<string, unknown> })._cache ?? {}
  for (const file of Object.keys(cache)) {
    const at = file.lastIndexOf(mark)
    if (at >= 0) folders.add(file.slice(0, at + mark.length - 1))
  }
  return [...folders]
}

/** The copy that each of our own packages would load, as far as the app has installed it by name. */
function ourFolders(appFolder: string): (string | undefined)[] {
  const app = Module.createRequire(join(appFolder, 'package.json'))
  return ['@triscope/express', '@triscope/fastify', '@triscope/sdk'].map((name) => {
    try {
      return resolvedFrom(realpathSync(app.resolve(name)))
    } catch {
      // Not one that this app has, or bundled into it.
      return undefined
    }
  })
}

/** @param file the file that would load it */
function resolvedFrom(file: string): string | undefined {
  try {
    return packageFolder(dirname(realpathSync(Module.createRequire(file).resolve(NAME))))
  } catch {
    // The app has no copy of its own, which is the usual and the best case.
    return undefined
  }
}

/** Upwards to the folder whose package.json bears the name: inside it are nameless ones that only mark a module kind. */
function packageFolder(from: string): string | undefined {
  for (let folder = from; dirname(folder) !== folder; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json')) && versionIn(folder) !== undefined) return folder
  }
  return undefined
}

function versionIn(folder: string): string | undefined {
  try {
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<
      string,
      unknown
    >
    return name === NAME && typeof version === 'string' ? version : undefined
  } catch {
    // Not a readable package.json: not a copy either.
    return undefined
  }
}

/** Compares `major.minor.patch`; what follows a hyphen does not count. */
function isNewer(a: string, b: string): boolean {
  const [x, y] = [a, b].map((version) => version.split('-')[0]?.split('.').map(Number) ?? [])
  for (let i = 0; i < 3; i++) {
    const difference = (x?.[i] ?? 0) - (y?.[i] ?? 0)
    if (difference !== 0) return difference > 0
  }
  return false
}
