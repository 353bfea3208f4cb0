// @ts-check
/**
 * A program in a process of its own: started, watched line by line, stopped.
 * Invariant: it is in no group but its own, so that a Ctrl-C reaches the demo alone, and the demo decides who ends when;
 * and it never outlives the demo, unless that is killed by force.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { accepts } from './ports.js'

/** Longer than the five seconds that Triscope takes at most to send what it holds. */
const STOP_TIMEOUT_MS = 8_000
const START_TIMEOUT_MS = 15_000
/** What is kept of stderr, to be shown when the program fails. */
const MAX_STDERR = 8_192

export class Program {
  /** @type {string} */
  name
  /** @type {number} */
  port
  /** Rejects with its stderr when it ends without having been asked to; never resolves. @type {Promise<never>} */
  broken
  #child
  #ended
  #stopping = false
  #stderr = ''

  /**
   * @param {{ name: string, file: string, port: number, env: Readonly<Record<string, string | undefined>>,
   *   onLine?: (line: string) => void }} options `onLine` gets each line of stdout
   */
  constructor({ name, file, port, env, onLine }) {
    this.name = name
    this.port = port
    this.#child = spawn(process.execPath, [file], {
      env: { ...env, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: process.platform !== 'win32',
      windowsHide: true,
    })
    this.#ended = once(this.#child, 'close')
    this.broken = new Promise((_, reject) => {
      this.#child.once('close', () => {
        if (!this.#stopping) reject(this.#failure('ended by itself'))
      })
    })
    // Whoever waits for it hears of it; that nobody does is no error.
    this.broken.catch(() => {})
    this.#child.stderr?.setEncoding('utf8').on('data', (text) => {
      this.#stderr = (this.#stderr + text).slice(-MAX_STDERR)
    })
    if (this.#child.stdout !== null) {
      createInterface({ input: this.#child.stdout }).on('line', (line) => onLine?.(line))
    }
    const kill = () => this.#child.kill('SIGKILL')
    process.on('exit', kill)
    this.#child.once('close', () => process.off('exit', kill))
  }

  /** `http://127.0.0.1:3000` */
  get url() {
    return `http://127.0.0.1:${this.port}`
  }

  get pid() {
    return this.#child.pid
  }

  get running() {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Resolves once it accepts connections; throws with its stderr when it ends before, or takes too long. */
  async listening() {
    const giveUpAt = performance.now() + START_TIMEOUT_MS
    while (!(await accepts(this.port))) {
      if (!this.running) throw this.#failure('ended before it listened')
      if (performance.now() > giveUpAt)
        throw this.#failure(`did not listen within ${START_TIMEOUT_MS / 1_000} s`)
      await sleep(25)
    }
  }

  /** Asks it to end, and waits for that; ends it by force when it takes too long. Safe twice. */
  async stop() {
    this.#stopping = true
    if (this.running) this.#child.kill('SIGTERM')
    const force = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    await this.#ended
    clearTimeout(force)
  }

  /** @param {string} what */
  #failure(what) {
    const how = this.#child.signalCode ?? this.#child.exitCode
    const ending = how === null ? '' : ` (${how})`
    return new Error(
      `${this.name} ${what}${ending}${this.#stderr === '' ? '' : `\n\n${this.#stderr.trimEnd()}`}`,
    )
  }
}
