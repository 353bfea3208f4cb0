/**
 * Packs every package and has its shape looked at by publint, and its types by attw as ESM, CommonJS and bundlers see
 * them. Needs a build. Ends with code 1 if either finds something.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { root } from './packages.mjs'

const folder = mkdtempSync(join(tmpdir(), 'triscope-shape-'))
const pack = [join(root, 'scripts/pack.mjs'), folder]
const tarballs = execFileSync(process.execPath, pack, {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
})
for (const tarball of tarballs.trim().split('\n')) {
  const shape = await shapeFaults(tarball)
  const types = typeFaults(tarball)
  console.log(
    `${basename(tarball)}: ${shape.length === 0 ? 'publint ok' : shape.join('\n')}, ${types ?? 'attw ok'}`,
  )
  if (shape.length > 0 || types !== undefined) process.exitCode = 1
}
rmSync(folder, { recursive: true })

async function shapeFaults(tarball) {
  const bytes = readFileSync(tarball)
  const { messages, pkg } = await publint({
    pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) },
    strict: true,
    level: 'warning',
  })
  return messages.map((message) => formatMessage(message, pkg) ?? message.code)
}

/** `node16`: Node >= 20.19 is all we run on, and TypeScript's node10 resolution knows no subpath entries. */
function typeFaults(tarball) {
  const attw = join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js')
  const args = [attw, tarball, '--profile', 'node16', '--no-color', '--no-emoji']
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  return status === 0 ? undefined : `${stdout}${stderr}`
}
