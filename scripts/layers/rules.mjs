/**
 * The laws of the house, each as one function from what was read to what is wrong. Invariant: nothing here touches
 * the disk, so that a law is the same over the tree and over a fixture.
 */
import { builtinModules } from 'node:module'
import { posix } from 'node:path'
import {
  adapters,
  environmentReader,
  leaves,
  levels,
  notForAdapters,
  roomOf,
  roomsThatStart,
  testRoom,
} from './house.mjs'

/** Tests, and what only tests load; none of it is shipped. */
export function isTest(path) {
  return /\.(test|test-d|fixture)\.ts$/.test(path)
}

/** What is wrong with one file of a room. `file` is from `readSourceFile`, `manifest` its package.json. */
export function fileFaults(path, room, file, manifest, manifests) {
  const faults = []
  const say = (line, text) => faults.push(`${path}:${line}: ${text}`)
  const test = isTest(path)

  for (const { specifier, line } of file.imports) {
    const fault = specifier.startsWith('.')
      ? relativeFault(path, room, specifier)
      : packageFault(room, specifier, test, manifest, manifests)
    if (fault !== undefined) say(line, fault)
  }
  if (!test) {
    if (path !== environmentReader) {
      for (const line of file.environment) say(line, `process.env is read in ${environmentReader} alone`)
    }
    if (!roomsThatStart.has(room)) {
      for (const line of file.effects) say(line, 'a module does nothing on import')
    }
  }
  return faults
}

function relativeFault(path, room, specifier) {
  const target = posix.join(posix.dirname(path), specifier)
  if (target.startsWith(`packages/${room}/src/`)) return undefined
  return `"${specifier}" leaves packages/${room}/src`
}

function packageFault(room, specifier, test, manifest, manifests) {
  if (specifier.startsWith('node:') || builtinModules.includes(specifier)) return undefined
  const name = packageNameOf(specifier)
  const target = roomOf(name)
  if (target === undefined) return thirdPartyFault(room, name, test, manifest)

  const other = manifests.get(target)
  if (other === undefined) return `"${specifier}" names no room of this house`
  const entry = `.${specifier.slice(name.length)}`
  if (other.exports?.[entry] === undefined) return `"${specifier}" is not an entry of ${name}`
  if (target === room) return test ? undefined : `${room} imports itself by name`
  if (target === testRoom) return test ? undefined : `"${specifier}" is for tests alone`
  if (!pointsDown(room, target)) return arrowFault(room, target)
  // Tests may import any lower room: the workspace root lists them all.
  return test || isDeclared(manifest, name)
    ? undefined
    : `"${name}" is missing in dependencies of package.json`
}

function thirdPartyFault(room, name, test, manifest) {
  if (test) return undefined
  if (adapters.has(room) && notForAdapters.test(name)) return `an adapter knows nothing of "${name}"`
  return isDeclared(manifest, name)
    ? undefined
    : `"${name}" is neither in dependencies nor in peerDependencies of package.json`
}

/** What is wrong with the dependencies a room declares. `imported` holds the package names its shipped files import. */
export function manifestFaults(room, manifest, imported) {
  const faults = []
  const say = (text) => faults.push(`packages/${room}/package.json: ${text}`)
  const shipped = { ...manifest.dependencies, ...manifest.peerDependencies, ...manifest.optionalDependencies }
  for (const name of Object.keys({ ...shipped, ...manifest.devDependencies })) {
    const target = roomOf(name)
    if (target === undefined) continue
    if (target === testRoom)
      say(`"${name}" is a dependency of the workspace root alone, or the rooms make a cycle`)
    else if (!pointsDown(room, target)) say(arrowFault(room, target))
    else if (name in shipped && !imported.has(name)) say(`"${name}" is declared but never imported`)
  }
  return faults
}

/** Lists the parsers of all rooms to be fuzzed, most of which no room exports. */
const FUZZED = 'test/fuzz/parsers.ts'

/** What is wrong with a file outside the rooms, such as a script or a root test. */
export function outsideFaults(path, file) {
  const faults = []
  for (const { specifier, line } of file.imports) {
    const target = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : specifier
    if (/^packages\/[^/]+\/(src|dist)\//.test(target) && path !== FUZZED) {
      faults.push(`${path}:${line}: "${specifier}" reaches into a package; import it by its name`)
    }
    const leaf = leaves.find((each) => target.startsWith(`${each}/`))
    if (leaf !== undefined && !path.startsWith(`${leaf}/`)) {
      faults.push(`${path}:${line}: "${specifier}": ${leaf} is imported by nothing`)
    }
  }
  return faults
}

/** `@scope/name` or `name` of an import such as `@scope/name/entry`. */
export function packageNameOf(specifier) {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function pointsDown(room, target) {
  return levels.get(target) < levels.get(room)
}

function arrowFault(room, target) {
  return `${room} (level ${levels.get(room)}) must not import ${target} (level ${levels.get(target)})`
}

function isDeclared(manifest, name) {
  // An app that has `@types/<name>` for its framework still has the framework itself as the peer.
  return name in { ...manifest.dependencies, ...manifest.peerDependencies, ...manifest.optionalDependencies }
}
