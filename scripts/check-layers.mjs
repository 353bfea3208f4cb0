/**
 * Fails on any import arrow other than those of the house: `node scripts/check-layers.mjs [root]`.
 * Prints one line per fault as `path:line: what is wrong`, and ends with code 1 if there is one.
 */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkLayers } from './layers/check.mjs'

const root = process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), '..')
const { rooms, files, faults } = checkLayers(root)
for (const fault of faults) console.error(fault)
console.log(`layers: ${rooms} rooms, ${files} files, ${faults.length} faults`)
process.exitCode = faults.length === 0 ? 0 : 1
