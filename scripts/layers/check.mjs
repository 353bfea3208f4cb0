/** Walks a house and gathers what its laws find wrong. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { levels } from './house.mjs'
import { fileFaults, isTest, manifestFaults, outsideFaults, packageNameOf } from './rules.mjs'
import { readSourceFile } from './source-file.mjs'

/** Faults as `path:line: what is wrong`, rooms in alphabetical order, and how much was looked at. */
export function checkLayers(root) {
  const rooms = readdirSync(join(root, 'packages')).sort()
  const manifests = new Map(rooms.map((room) => [room, readManifest(root, room)]))
  const faults = []
  let files = 0
  const read = (path) => {
    files++
    return readSourceFile(path, readFileSync(join(root, path), 'utf8'))
  }

  for (const room of rooms) {
    const manifest = manifests.get(room)
    if (!levels.has(room)) {
      faults.push(`packages/${room}: has no level; give it one in scripts/layers/house.mjs`)
      continue
    }
    const imported = new Set()
    for (const path of sourcesUnder(root, `packages/${room}/src`)) {
      const file = read(path)
      faults.push(...fileFaults(path, room, file, manifest, manifests))
      if (isTest(path)) continue
      for (const { specifier } of file.imports) imported.add(packageNameOf(specifier))
    }
    faults.push(...manifestFaults(room, manifest, imported))
  }
  for (const folder of ['test', 'scripts', 'examples', 'bench', 'docs']) {
    for (const path of sourcesUnder(root, folder)) faults.push(...outsideFaults(path, read(path)))
  }
  return { rooms: rooms.length, files, faults }
}

function readManifest(root, room) {
  return JSON.parse(readFileSync(join(root, 'packages', room, 'package.json'), 'utf8'))
}

/** Paths from the root, with `/`, of every source file below `folder`; a link is not followed. */
function sourcesUnder(root, folder) {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) return /^(node_modules|dist)$/.test(entry.name) ? [] : sourcesUnder(root, path)
    return entry.isFile() && /\.(ts|mts|cts|mjs|cjs|js)$/.test(entry.name) ? [path] : []
  })
}
