/** Answers that no framework's own means would give, written to node's response itself. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline, Readable } from 'node:stream'

/** For routes `GET /raw/:how` and `POST /raw/:how`, whose handlers leave the answer to it. */
export function answerRaw(how: string, req: IncomingMessage, res: ServerResponse): void {
  const answer = answers[how]
  if (answer === undefined) throw new Error(`no raw answer is named ${how}`)
  answer(req, res)
}

const answers: Readonly<Record<string, (req: IncomingMessage, res: ServerResponse) => void>> = {
  silent() {},
  head(_req, res) {
    res.writeHead(200, { 'content-length': 10 })
    res.write('abc')
  },
  chunks(_req, res) {
    res.write('first')
    setImmediate(() => res.end('last'))
  },
  late(req, res) {
    req.socket.once('close', () => res.end('too late'))
  },
  empty(_req, res) {
    res.writeHead(204).end()
  },
  'not-modified'(_req, res) {
    res.writeHead(304, { etag: '"1"' }).end()
  },
  twice(_req, res) {
    // Node tells of the second one by an event that would end the process.
    res.on('error', () => {})
    res.end('first')
    res.end('second')
  },
  destroy(_req, res) {
    res.destroy()
  },
  'hang-up'(req) {
    req.socket.destroy()
  },
  'hang-up-and-end'(req, res) {
    req.socket.destroy()
    res.end('to nobody')
  },
  events(_req, res) {
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    let sent = 0
    const next = (): void => {
      res.write(`data: ${sent}\n\n`)
      if (++sent < 3) setImmediate(next)
      else res.end()
    }
    next()
  },
  'endless-events'(_req, res) {
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    res.write('data: 0\n\n')
  },
  'broken-stream'(_req, res) {
    async function* parts(): AsyncGenerator<string> {
      yield 'first'
      throw new RangeError('broken')
    }
    pipeline(Readable.from(parts()), res, () => {})
  },
}
