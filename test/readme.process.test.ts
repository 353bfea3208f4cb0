/** Runs the examples of every package's README, from source, and compares what they print with what is shown. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { bundleProgram, root } from './source-bundle.ts'
import { type Ending, freePort, StartedProgram } from './started-program.ts'
import { agreement, type Example, firstExample, laterExamples, linesOf } from './transcript.ts'

const folder = mkdtempSync(join(tmpdir(), 'triscope-readme-'))
const tools = ['bash', 'curl'].filter((tool) => spawnSync(tool, ['--version']).error === undefined)

afterAll(() => {
  rmSync(folder, { recursive: true })
})

describe.each(readdirSync(join(root, 'packages')))('packages/%s/README.md', (room) => {
  it('prints what its first example shows', async (context) => {
    const example = firstExample(readme(room))
    if (example === undefined) {
      throw new Error(
        'expected a ts block, directly followed by a text block, or by a sh block and a text block',
      )
    }
    if (example.script === undefined) await printsWhatIsShown(example, room)
    else if (tools.length < 2) context.skip('bash and curl are not both here')
    else await answersAsShown(example, example.script, room)
  })

  for (const [index, example] of laterExamples(readme(room)).entries()) {
    it(`prints what example ${index + 2} shows`, async () => {
      await printsWhatIsShown(example, room)
    })
  }
})

function readme(room: string): string {
  return readFileSync(join(root, 'packages', room, 'README.md'), 'utf8')
}

async function printsWhatIsShown(example: Example, room: string): Promise<void> {
  const cwd = join(folder, room)
  const file = await bundleProgram(example.program, cwd, room)
  const program = new StartedProgram(process.execPath, [file], {}, cwd)
  expect(await program.ended(), program.stderr).toEqual({ code: 0, signal: null })
  expect(agreement(example.shown, linesOf(program.stdout))).toEqual(example.shown)
}

async function answersAsShown(example: Example, script: string, room: string): Promise<void> {
  const cwd = join(folder, room)
  const port = await freePort()
  const onPort = (text: string) => text.replaceAll('3000', String(port))
  expect(example.program, 'the server listens on port 3000').toContain('3000')
  const file = await bundleProgram(onPort(example.program), cwd, room)
  const server = new StartedProgram(process.execPath, [file], {}, cwd)
  try {
    await server.listening(port)
    const asking = new StartedProgram('bash', ['-c', onPort(script)], {}, cwd)
    expect(await asking.ended(), asking.stderr).toEqual({ code: 0, signal: null })
    const shown = example.shown.map(onPort)
    expect(agreement(shown, linesOf(asking.stdout))).toEqual(shown)
  } finally {
    expect(isClean(await server.stop()), server.stderr).toBe(true)
  }
}

/** A program without a handler of its own ends by the signal; one that closes its server ends with 0. */
function isClean({ code, signal }: Ending): boolean {
  return code === 0 || signal === 'SIGTERM'
}
