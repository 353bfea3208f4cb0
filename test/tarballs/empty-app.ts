/** An app in a folder of its own outside the workspace, and the installers that fill it from tarballs. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** What an installer said. */
export interface Said {
  readonly status: number | null
  readonly text: string
}

/** How one installer adds packages; `overrides` maps our names to our tarballs, where it would ask a registry. */
interface Installer {
  /** Whether the manifest can send it to a tarball for what another package depends on. */
  readonly knowsOverrides: boolean
  readonly command: readonly string[]
  /** @param cache a folder that lives as long as this run of checks */
  env(cache: string): Readonly<Record<string, string>>
  readonly files: Readonly<Record<string, string>>
  manifest(overrides: Readonly<Record<string, string>>): object
}

/** The rooms that an adapter brings with it. */
const belowAdapters = ['core', 'delivery', 'metrics', 'tracing', 'logging', 'sdk']

/** npm takes a tarball for the dependency of another by itself; the others have to be told. */
export const installers: Readonly<Record<'npm' | 'pnpm' | 'yarn 1' | 'yarn 4', Installer>> = {
  npm: {
    knowsOverrides: false,
    command: ['npm', 'install'],
    env: () => ({}),
    files: {},
    manifest: () => ({}),
  },
  pnpm: {
    knowsOverrides: true,
    command: ['npx', '--yes', 'pnpm@10.34.9', 'add'],
    env: () => ({}),
    files: {},
    manifest: (overrides) => ({ pnpm: { overrides } }),
  },
  'yarn 1': {
    knowsOverrides: true,
    // npm passes over a release that wants a newer Node, the others warn, and this one would refuse Fastify on Node 20.
    command: ['npx', '--yes', 'yarn@1.22.22', 'add', '--ignore-engines'],
    // It would take a tarball of the same name and version from its cache, whatever is in it.
    env: (cache) => ({ YARN_CACHE_FOLDER: join(cache, 'yarn1') }),
    files: {},
    manifest: (resolutions) => ({ resolutions }),
  },
  'yarn 4': {
    knowsOverrides: true,
    command: ['npx', '--yes', '@yarnpkg/cli-dist@4.12.0', 'add'],
    env: (cache) => ({
      YARN_ENABLE_TELEMETRY: '0',
      YARN_GLOBAL_FOLDER: join(cache, 'yarn4'),
      YARN_ENABLE_IMMUTABLE_INSTALLS: '0',
    }),
    // The lockfile marks the root of a project; without the linker there is no node_modules.
    files: { 'yarn.lock': '', '.yarnrc.yml': 'nodeLinker: node-modules\n' },
    manifest: (resolutions) => ({ resolutions }),
  },
}

export type InstallerName = keyof typeof installers

export class EmptyApp {
  readonly folder: string
  readonly #installer: Installer
  readonly #tarballs: ReadonlyMap<string, string>
  readonly #env: Readonly<Record<string, string>>

  /** @param packed the folder that `scripts/pack.mjs` packed into */
  constructor(packed: string, installer: InstallerName = 'npm') {
    // A name of its own for the folder: an app called like a package it depends on could not install it.
    this.folder = join(mkdtempSync(join(tmpdir(), 'triscope-app-')), 'shop')
    this.#installer = installers[installer]
    this.#tarballs = tarballsIn(packed)
    this.#env = this.#installer.env(join(packed, '../cache'))
    const overrides = Object.fromEntries(belowAdapters.map((room) => this.#tarball(room)))
    mkdirSync(this.folder)
    const manifest = { name: 'shop', version: '1.0.0', private: true, ...this.#installer.manifest(overrides) }
    this.write('package.json', JSON.stringify(manifest))
    for (const [name, text] of Object.entries(this.#installer.files)) this.write(name, text)
  }

  write(name: string, text: string): string {
    const path = join(this.folder, name)
    writeFileSync(path, text)
    return path
  }

  /** A new folder beside the app, from where none of its packages can be found. */
  folderOutside(): string {
    return mkdtempSync(join(dirname(this.folder), 'outside-'))
  }

  remove(): void {
    rmSync(dirname(this.folder), { recursive: true })
  }

  /** Installs by name; throws when the installer fails. */
  async install(...names: readonly string[]): Promise<Said> {
    const [command = '', ...args] = [...this.#installer.command, ...names]
    const said = await this.run(command, args, this.#env)
    if (said.status !== 0) throw new Error(`installing ${names.join(' ')} failed\n${said.text}`)
    return said
  }

  /** Installs an adapter from its tarball, and the rooms below it from theirs. */
  async installPacked(adapter: string): Promise<Said> {
    const named = this.#installer.knowsOverrides ? [adapter] : [...belowAdapters, adapter]
    return await this.install(...named.map((room) => this.#tarball(room).join('@')))
  }

  #tarball(room: string): [name: string, file: string] {
    const name = `@triscope/${room}`
    return [name, `file:${this.#tarballs.get(name)}`]
  }

  /** Runs in the folder of the app until it ends. */
  async run(
    command: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<Said> {
    const child = spawn(command, args, {
      cwd: this.folder,
      env: { ...ownEnv(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let text = ''
    const keep = (chunk: Buffer) => {
      text += chunk.toString()
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    const [status] = (await once(child, 'close')) as [number | null]
    return { status, text }
  }

  /** Folders of every installed copy of `name`. */
  copiesOf(name: string): string[] {
    const found = new Set<string>()
    for (const path of packagesUnder(join(this.folder, 'node_modules'))) {
      if (manifestIn(path).name === name) found.add(realpathSync(path))
    }
    return [...found]
  }

  /** `name@version` of everything that is installed, and its size in bytes. */
  installed(): Map<string, number> {
    const found = new Map<string, number>()
    for (const path of packagesUnder(join(this.folder, 'node_modules'))) {
      const { name, version } = manifestIn(path)
      found.set(`${name}@${version}`, sizeOf(path))
    }
    return found
  }
}

/** The environment without what npm, pnpm and vitest put into it for this process. */
function ownEnv(): NodeJS.ProcessEnv {
  const foreign =
    /^(npm_(?!config_(registry|proxy|https|noproxy|cafile|cache))|pnpm_|PNPM_|VITEST|NODE_ENV$|NODE_OPTIONS$)/i
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)))
}

function tarballsIn(folder: string): Map<string, string> {
  return new Map(
    readdirSync(folder).map((file) => [
      `@triscope/${file.replace(/^triscope-(.*)-\d+\.\d+\.\d+.*\.tgz$/, '$1')}`,
      join(folder, file),
    ]),
  )
}

/** Folders with a package.json that has a name, at the places where Node looks for packages; links are not followed. */
function* packagesUnder(modules: string): Generator<string> {
  if (!existsSync(modules)) return
  for (const entry of readdirSync(modules, { withFileTypes: true })) {
    const path = join(modules, entry.name)
    if (!entry.isDirectory()) continue
    if (entry.name === '.pnpm') {
      for (const each of readdirSync(path)) yield* packagesUnder(join(path, each, 'node_modules'))
    } else if (entry.name.startsWith('@')) yield* packagesUnder(path)
    else if (!entry.name.startsWith('.')) {
      if (manifestIn(path).name !== undefined) yield path
      yield* packagesUnder(join(path, 'node_modules'))
    }
  }
}

function manifestIn(folder: string): { name?: string; version?: string } {
  const path = join(folder, 'package.json')
  if (!existsSync(path)) return {}
  return JSON.parse(readFileSync(path, 'utf8')) as { name?: string; version?: string }
}

/** Bytes of a package's own files, without the packages nested in it. */
function sizeOf(folder: string): number {
  let bytes = 0
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isFile()) bytes += statSync(path).size
    else if (entry.isDirectory() && entry.name !== 'node_modules') bytes += sizeOf(path)
  }
  return bytes
}
