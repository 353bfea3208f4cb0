/**
 * Packs every package as it would be published: `node scripts/pack.mjs <folder>`, after a build. Prints one path a line.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { isBuilt, rooms, root } from './packages.mjs'

const folder = process.argv[2]
if (folder === undefined) fail('name the folder to pack into: node scripts/pack.mjs <folder>')
// A tarball of an older build would pass today's checks.
const stale = rooms.filter((room) => !isBuilt(room))
if (stale.length > 0) fail(`not built since the last change: ${stale.join(', ')}; run npm run build`)

mkdirSync(folder, { recursive: true })
const pack = ['-r', '--filter', './packages/*', 'pack', '--json', '--pack-destination', resolve(folder)]
const printed = execFileSync(process.execPath, [join(root, 'scripts/pnpm.mjs'), ...pack], {
  encoding: 'utf8',
})
for (const { filename } of JSON.parse(printed)) console.log(filename)

function fail(message) {
  console.error(message)
  process.exit(1)
}
