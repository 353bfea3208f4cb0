/**
 * What the operating system says of this process, whatever it is called later.
 *
 * `/proc` is memory of the kernel, so reading it does not wait for a disk.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'

/** Read at one moment; `undefined` where the platform does not say. */
export interface ProcessFacts {
  readonly userSeconds: number
  readonly systemSeconds: number
  readonly residentBytes: number
  readonly virtualBytes: number | undefined
  /** The data segment. */
  readonly dataBytes: number | undefined
  readonly openFds: number | undefined
  readonly threads: number | undefined
}

/** Reads all of them. */
export function readProcessFacts(): ProcessFacts {
  const { user, system } = process.cpuUsage()
  const status = process.platform === 'linux' ? readOrNothing('/proc/self/status') : undefined
  return {
    userSeconds: user / 1e6,
    systemSeconds: system / 1e6,
    residentBytes: kibibytes(status, RESIDENT) ?? process.memoryUsage.rss(),
    virtualBytes: kibibytes(status, VIRTUAL),
    dataBytes: kibibytes(status, DATA),
    openFds: process.platform === 'linux' ? openFds() : undefined,
    threads: numberIn(status, THREADS),
  }
}

/** The limit that was in force when the process began; `undefined` where the platform does not say. */
export function readMaxFds(): number | undefined {
  const limits = process.platform === 'linux' ? readOrNothing('/proc/self/limits') : undefined
  return numberIn(limits, MAX_FDS)
}

const RESIDENT = /^VmRSS:\s+(\d+) kB$/m
const VIRTUAL = /^VmSize:\s+(\d+) kB$/m
const DATA = /^VmData:\s+(\d+) kB$/m
const THREADS = /^Threads:\s+(\d+)$/m
const MAX_FDS = /^Max open files\s+(\d+)/m

function kibibytes(status: string | undefined, field: RegExp): number | undefined {
  const found = numberIn(status, field)
  return found === undefined ? undefined : found * 1024
}

function numberIn(text: string | undefined, field: RegExp): number | undefined {
  const found = text === undefined ? null : field.exec(text)
  return found === null ? undefined : Number(found[1])
}

function openFds(): number | undefined {
  try {
    // From Linux 6.2 on the folder's size is their number; before, it is 0 and they must be listed.
    const { size } = statSync('/proc/self/fd')
    // Less the one that listing takes.
    return size > 0 ? size : readdirSync('/proc/self/fd').length - 1
  } catch {
    // No /proc here, as in some sandboxes: the metric is left out.
    return undefined
  }
}

function readOrNothing(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // No /proc here, as in some sandboxes: the metric is left out.
    return undefined
  }
}
