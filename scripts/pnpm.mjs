/**
 * Runs pnpm at the version this workspace is pinned to, on a machine that has only Node and npm, and installs first
 * when the lockfile is newer than what is installed: `node scripts/pnpm.mjs run check:test --reporter=dot`.
 * Exit codes and signals pass through. Once installed it needs no network.
 */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, statSync, utimesSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const { packageManager, engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`triscope needs Node ${engines.node}, and this is ${process.version}: install a newer Node`)
  process.exit(1)
}

/** pnpm writes this file last: absent, or older than the lockfile, means that an install is due. */
const installed = join(root, 'node_modules/.modules.yaml')
const lockfile = join(root, 'pnpm-lock.yaml')
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lockfile).mtimeMs) {
  console.error(`installing with ${packageManager} …`)
  const code = await pnpm(['install', '--frozen-lockfile', '--prefer-offline'])
  if (code !== 0) process.exit(code)
  // An install that finds nothing to do leaves the file as it was, and would be due again on every run.
  const now = new Date()
  utimesSync(installed, now, now)
}

const args = process.argv.slice(2)
if (args.length > 0) process.exitCode = await pnpm(['--silent', ...args])

/** Resolves with the exit code, 128 + n for signal n as shells have it. */
function pnpm(pnpmArgs) {
  // `--prefer-offline`: the version is exact, so what npm has in its cache can not be out of date.
  const quiet = ['--prefer-offline', '--no-update-notifier', '--no-progress', '--loglevel=error', '--yes']
  // A terminal sends Ctrl-C to everyone in its group by itself. Elsewhere the whole tree gets a group of its own,
  // because neither npx, nor pnpm, nor the shell between them hands a SIGTERM down.
  const ownGroup = !process.stdin.isTTY && process.platform !== 'win32'
  const child = spawn('npx', [...quiet, packageManager, ...pnpmArgs], {
    cwd: root,
    stdio: 'inherit',
    detached: ownGroup,
    shell: process.platform === 'win32',
  })
  let told = false
  const forward = (signal) => {
    told = true
    if (ownGroup) signalGroup(child.pid, signal)
    else if (signal !== 'SIGINT') child.kill(signal)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, forward)
  // npm hands a signal to the shell between us, which dies of it and tells nobody.
  const parent = process.ppid
  const orphaned = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(orphaned)
    forward('SIGTERM')
  }, 250)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', async (code, signal) => {
      // npx is gone at once, the program it started may still be closing its servers.
      while (told && ownGroup && signalGroup(child.pid, 0)) await setTimeout(50)
      clearInterval(orphaned)
      for (const each of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(each, forward)
      resolve(code ?? 128 + constants.signals[signal])
    })
  })
}

/** Whether anyone in the group was there to hear it. */
function signalGroup(pid, signal) {
  try {
    return process.kill(-pid, signal)
  } catch (error) {
    if (error.code === 'ESRCH') return false
    throw error
  }
}
