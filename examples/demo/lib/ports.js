// @ts-check
/** Ports on loopback: the friendly one where it is free, any free one where it is not. */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'

const HOST = '127.0.0.1'

/**
 * `wanted` where nobody listens on it, else one that the system gives. It is free now; whoever listens first has it.
 * @param {number} wanted 0 for any
 * @returns {Promise<number>}
 */
export async function freePort(wanted) {
  const server = createServer().listen(wanted, HOST)
  try {
    await once(server, 'listening')
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error)
    if (wanted === 0 || (code !== 'EADDRINUSE' && code !== 'EACCES')) throw error
    return freePort(0)
  }
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
  return address.port
}

/** Whether something accepts connections there. @param {number} port @returns {Promise<boolean>} */
export function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, HOST)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
