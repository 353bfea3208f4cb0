/**
 * Runs pnpm at the version this workspace is pinned to, on a machine that has only Node and npm, and installs first
 * when the lockfile is newer than what is installed: `node scripts/pnpm.mjs run check:test -- --reporter=dot`.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const { packageManager, engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`triscope needs Node ${engines.node}, and this is ${process.version}: install a newer Node`)
  process.exit(1)
}

function pnpm(args) {
  const { status, error } = spawnSync('npx', ['-y', packageManager, ...args], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
    // npx would otherwise hand its own settings down as npm_config_* and pnpm would warn about each.
    env: { ...process.env, COREPACK_ENABLE_STRICT: '0' },
  })
  if (error) throw error
  return status ?? 1
}

/** pnpm writes this file last: older than the lockfile, or absent, means an install is due. */
const installed = join(root, 'node_modules/.modules.yaml')
const lockfile = join(root, 'pnpm-lock.yaml')
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lockfile).mtimeMs) {
  const status = pnpm(['install', '--frozen-lockfile', '--prefer-offline'])
  if (status !== 0) process.exit(status)
}

const args = process.argv.slice(2)
if (args.length > 0) process.exit(pnpm(args))
