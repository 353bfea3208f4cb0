/**
 * Builds the packages that changed since they were built, several at once: `node scripts/build.mjs [--force]`.
 * Each package is built from its own source, so their order does not matter. With `--javascript` it leaves out the
 * declarations, which nobody who only runs a package needs: they are nine tenths of the time.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { isBuilt, rooms, root } from './packages.mjs'

const force = process.argv.includes('--force')
const types = !process.argv.includes('--javascript')
const due = rooms.filter((room) => force || !isBuilt(room, types))
if (due.length > 0) console.log(`building ${due.join(', ')}`)
const workers = Array.from({ length: Math.min(due.length, availableParallelism()) }, async () => {
  for (let room = due.shift(); room !== undefined; room = due.shift()) await build(room)
})
await Promise.all(workers)

async function build(room) {
  const startedAt = performance.now()
  const command = [join(root, 'node_modules/tsup/dist/cli-default.js'), ...(types ? [] : ['--no-dts'])]
  const tsup = spawn(process.execPath, command, {
    cwd: join(root, 'packages', room),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [tsup.stdout, tsup.stderr]) {
    stream.on('data', (text) => {
      said += text
    })
  }
  const [code] = await once(tsup, 'close')
  if (code === 0) {
    console.log(`  ${room} in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
    return
  }
  console.error(`${said}\npackages/${room} does not build`)
  process.exitCode = 1
}
