/**
 * Processes of the bench, and calls to them: `start` in the parent, `serve` in the child.
 *
 * Invariant: a child ends with its parent, and only children that were started here are ever signalled.
 */
import { spawn, spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

/** The core of what is measured, and that of everything that answers it. */
export const SERVER_CPU = 0
export const OTHER_CPU = 1

const canPin = availableParallelism() > 1 && works('taskset', ['-c', String(OTHER_CPU), 'true'])
const canBatch = works('chrt', ['--batch', '0', 'true'])

/** How processes are placed here, in words, for the page with the results. */
export const placement = canPin
  ? `servers on core ${SERVER_CPU}, with the load generator there as ${canBatch ? 'a SCHED_BATCH task' : 'a task'} of nice 5; collector and upstream on core ${OTHER_CPU}`
  : 'processes are not pinned to cores on this machine'

/** What runs now. A paused process would not even notice that its parent has gone. */
const children = new Set()
let watching = false

/** Only in the parent: what is measured keeps its own ways with signals. */
function endWithParent() {
  process.on('exit', () => {
    for (const child of children) child.kill('SIGKILL')
  })
  process.once('SIGINT', () => process.exit(130))
  process.once('SIGTERM', () => process.exit(143))
}

/**
 * Starts `script` and resolves when it says it is ready.
 * @param options `args`, `nodeArgs`, `env`, `cpu`, `batch` (gives way to others), `stdout` (a file descriptor)
 * @returns `{ pid, ready, call(name, args), pause(), resume(), stop() }`; `ready` is what it said
 */
export async function start(script, options = {}) {
  const { args = [], nodeArgs = [], env = {}, cpu, batch = false, stdout = 'ignore' } = options
  const command = [process.execPath, ...nodeArgs, script, ...args]
  if (canPin && cpu !== undefined) command.unshift('taskset', '-c', String(cpu))
  if (canBatch && batch) command.unshift('nice', '-n', '5', 'chrt', '--batch', '0')
  const child = spawn(command[0], command.slice(1), {
    stdio: ['ignore', stdout, 'inherit', 'ipc'],
    env: { ...process.env, NODE_ENV: 'production', ...env },
  })
  if (!watching) endWithParent()
  watching = true
  children.add(child)
  const waiting = new Map()
  let lastId = 0
  const ended = new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      children.delete(child)
      for (const { reject } of waiting.values()) reject(new Error(`${script} ended with ${signal ?? code}`))
      waiting.clear()
      resolve()
    })
  })
  const ready = new Promise((resolve, reject) => waiting.set(0, { resolve, reject }))
  child.on('message', ({ id, result, error }) => {
    const caller = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) caller?.resolve(result)
    else caller?.reject(new Error(error))
  })

  function call(name, args) {
    const id = ++lastId
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject })
      child.send({ id, name, args })
    })
  }

  return {
    pid: child.pid,
    ready: await ready,
    call,
    pause: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    async stop() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** In the child: answers calls by `handlers`, and says that it is `ready`. */
export function serve(handlers, ready) {
  process.on('message', async ({ id, name, args }) => {
    try {
      process.send({ id, result: await handlers[name](args) })
    } catch (error) {
      process.send({ id, error: error.stack })
    }
  })
  process.on('disconnect', () => process.exit(0))
  process.send({ id: 0, result: ready })
}

function works(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}
