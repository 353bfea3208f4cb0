/** What the numbers were measured on. */
import { availableParallelism, cpus, release, totalmem, type } from 'node:os'
import { placement } from './remote.mjs'

/** As it stands on the page. */
export function machine() {
  return {
    cpu: cpus()[0]?.model ?? 'unknown CPU',
    cores: availableParallelism(),
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${type()} ${release()}`,
    node: process.versions.node,
    placement,
  }
}
