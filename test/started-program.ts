/** A program in a process of its own, with a clean environment: what it printed, when it listens, how it ended. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** How a process ended; one of the two is `null`. */
export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A process that a test started, and must stop. */
export class StartedProgram {
  readonly #child: ChildProcess
  readonly #ended: Promise<Ending>
  readonly #closed: Promise<unknown>
  stdout = ''
  stderr = ''

  constructor(
    command: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    cwd?: string,
  ) {
    // Nothing of the machine's own settings reaches the program: what it prints is the same everywhere.
    const clean = { PATH: process.env['PATH'] ?? '', HOME: cwd ?? '/', ...env }
    this.#child = spawn(command, args, { cwd, env: clean, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.#closed = once(this.#child, 'close')
    this.#ended = once(this.#child, 'exit').then(([code, signal]) => ({ code, signal }) as Ending)
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Sends `signal`, and waits for nothing. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Waits for the end, and until all it printed has been read. */
  async ended(): Promise<Ending> {
    await this.#closed
    return await this.#ended
  }

  /** Waits until something accepts connections on `port`; throws with stderr when the program ended before. */
  async listening(port: number): Promise<void> {
    await this.until(() => accepts(port), `port ${port} to accept connections`)
  }

  /** Asks again until `condition` holds; throws with what was printed after `timeoutMs`, or when the program has ended. */
  async until(condition: () => boolean | Promise<boolean>, what: string, timeoutMs = 20_000): Promise<void> {
    const giveUpAt = performance.now() + timeoutMs
    while (!(await condition())) {
      if (!this.running) throw new Error(`the program ended before ${what}\n${this.stdout}\n${this.stderr}`)
      if (performance.now() > giveUpAt)
        throw new Error(`waited in vain for ${what}\n${this.stdout}\n${this.stderr}`)
      await delay(25)
    }
  }

  /** Ends it with `signal` if it still runs, and by force when that is not heard in 10 s. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ending> {
    if (this.running) this.#child.kill(signal)
    const force = setTimeout(() => this.#child.kill('SIGKILL'), 10_000)
    try {
      return await this.ended()
    } finally {
      clearTimeout(force)
    }
  }
}

/** A port that was free a moment ago. Prefer port 0 where the program can say what it got. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
