/**
 * Puts in place what the bench measures: the peers by its own lockfile, and Triscope as it was built from this tree.
 * The copies resolve everything from `bench/node_modules`, so that there is one `@opentelemetry/api` and one pino.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isBuilt, rooms, root } from '../../scripts/packages.mjs'

const bench = fileURLToPath(new URL('..', import.meta.url))
/** Written last, so that an install that was cut short is done again. */
const stamp = join(bench, 'node_modules/.bench-installed')

/** Throws where a package has not been built since its source changed. */
export function prepare() {
  const stale = rooms.filter((room) => !isBuilt(room, false))
  if (stale.length > 0) {
    throw new Error(`not built since the last change: ${stale.join(', ')}; run npm run build`)
  }
  const lockfile = join(bench, 'package-lock.json')
  if (!existsSync(stamp) || statSync(stamp).mtimeMs < statSync(lockfile).mtimeMs) {
    console.error('installing the peers into bench/node_modules …')
    // Scripts are not needed: the native parts of dd-trace that they would fetch come prebuilt.
    execFileSync('npm', ['ci', '--ignore-scripts', '--prefer-offline', '--loglevel=error'], {
      cwd: bench,
      stdio: 'inherit',
      shell: process.platform === 'win32',
    })
    writeFileSync(stamp, '')
  }
  for (const room of rooms) copyRoom(room)
}

function copyRoom(room) {
  const from = join(root, 'packages', room)
  const to = join(bench, 'node_modules/@triscope', room)
  rmSync(to, { recursive: true, force: true })
  mkdirSync(to, { recursive: true })
  cpSync(join(from, 'dist'), join(to, 'dist'), { recursive: true })
  cpSync(join(from, 'package.json'), join(to, 'package.json'))
}

/** The versions that were measured, by package. */
export function versions() {
  const { dependencies } = JSON.parse(readFileSync(join(bench, 'package.json'), 'utf8'))
  const { version } = JSON.parse(readFileSync(join(root, 'packages/core/package.json'), 'utf8'))
  return { triscope: version, ...dependencies }
}
