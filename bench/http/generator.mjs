/**
 * The load: keep-alive connections that each send their next request when the answer to the last is there. Small, so
 * that it takes little of the core it shares with the server.
 */
import { connect } from 'node:net'
import { serve } from '../lib/remote.mjs'
import { percentile } from '../lib/statistics.mjs'

serve({ run }, {})

/**
 * @param load `port`, `path`, `connections`, and either `requests` in all or `durationMs`
 * @returns `{ requests, failed, seconds, p50Ms, p99Ms }`; failed: answers other than 200
 */
async function run({ port, path, connections, requests = Number.POSITIVE_INFINITY, durationMs }) {
  const text = Buffer.from(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nuser-agent: bench/1\r\n\r\n`)
  const startedAt = performance.now()
  const deadline = durationMs === undefined ? Number.POSITIVE_INFINITY : startedAt + durationMs
  const latencies = []
  let toSend = requests
  let failed = 0
  await Promise.all(Array.from({ length: Math.min(connections, requests) }, keepAsking))
  latencies.sort((a, b) => a - b)
  return {
    requests: latencies.length,
    failed,
    seconds: (performance.now() - startedAt) / 1_000,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
  }

  function keepAsking() {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      let sentAt = 0
      let pending = ''
      const next = () => {
        if (toSend-- <= 0 || performance.now() >= deadline) {
          socket.destroy()
          return
        }
        sentAt = performance.now()
        socket.write(text)
      }
      socket.once('connect', next)
      socket.once('error', reject)
      socket.once('close', () => resolve())
      socket.on('data', (chunk) => {
        pending = pending === '' ? chunk.latin1Slice() : pending + chunk.latin1Slice()
        if (!isWhole(pending)) return
        latencies.push(performance.now() - sentAt)
        if (!pending.startsWith('HTTP/1.1 200')) failed++
        pending = ''
        next()
      })
    })
  }
}

const LENGTH = /\r\ncontent-length: *(\d+)/i

/** One answer at a time is under way, so it is whole when its length is there. */
function isWhole(answer) {
  const headEnd = answer.indexOf('\r\n\r\n')
  if (headEnd < 0) return false
  const length = LENGTH.exec(answer)
  if (length !== null) return answer.length >= headEnd + 4 + Number(length[1])
  return answer.endsWith('0\r\n\r\n')
}
