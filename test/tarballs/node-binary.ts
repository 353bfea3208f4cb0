/** Other Node versions, from the npm package `node`, which ships binaries: nothing is installed on the machine. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** Path of a Node of that major version. */
export async function nodeBinary(major: number): Promise<string> {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath
  const args = ['--yes', '-p', `node@${major}`, 'node', '-p', 'process.execPath']
  const { stdout } = await promisify(execFile)('npx', args)
  return stdout.trim()
}
