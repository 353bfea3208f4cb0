/**
 * Builds Jaeger and an OpenTelemetry Collector from their source, where there is a Go toolchain, for the tests of what
 * they receive: `node test/backends/go/build.mjs`. The first time takes about five minutes and 2 GB; what was built is
 * kept outside of the repository, by the versions it was built from.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const source = fileURLToPath(new URL('.', import.meta.url))

/** What is built of each program. */
const packages = {
  jaeger: 'github.com/jaegertracing/jaeger/cmd/jaeger',
  collector: './collector',
}

/** The file that `build` makes of a program; other versions have another folder. */
export function binaryOf(program) {
  const versions = createHash('sha256')
  for (const file of ['go.sum', 'collector/main.go']) versions.update(readFileSync(join(source, file)))
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache')
  return join(cache, 'triscope-backends', versions.digest('hex').slice(0, 16), program)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) build()

function build() {
  const go = ['go', '/usr/local/go/bin/go'].find((each) => spawnSync(each, ['version']).status === 0)
  for (const [program, from] of Object.entries(packages)) {
    const binary = binaryOf(program)
    if (existsSync(binary)) continue
    if (go === undefined) {
      console.log(`no Go toolchain: the tests of ${program} are skipped`)
      continue
    }
    console.log(`building ${program}; the first time takes minutes`)
    mkdirSync(join(binary, '..'), { recursive: true })
    const { status } = spawnSync(go, ['build', '-ldflags', '-s -w', '-o', binary, from], {
      cwd: source,
      stdio: 'inherit',
    })
    if (status !== 0) process.exitCode = 1
  }
}
