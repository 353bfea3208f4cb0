/** One request with the caller's `traceparent`, and all that must come of it: a span, a series, two log lines. */
import { dirname } from 'node:path'
import { expect } from 'vitest'
import { OtlpReceiver } from '../otlp-receiver.ts'
import { type Ending, StartedProgram } from '../started-program.ts'

export const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
export const parentSpanId = '00f067aa0ba902b7'
export const traceparent: string = `00-${traceId}-${parentSpanId}-01`

/** Starts `file`, asks it once, ends it by SIGTERM, and checks every signal. Works for each app of `app-kinds`. */
export async function checkOneRequest(file: string, node: string = process.execPath): Promise<void> {
  const receiver = await OtlpReceiver.listen()
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint }
  const app = new StartedProgram(node, [file], env, dirname(file))
  let ending: Ending | undefined
  try {
    const origin = await listeningOrigin(app)
    const answer = await fetch(`${origin}/users/42`, { headers: { traceparent } })
    expect(await answer.json()).toEqual({ id: '42' })
    const exposition = await scrape(origin)
    ending = await app.stop()

    const span = receiver.spans.find(({ name }) => name === 'GET /users/:id')
    expect(span, `spans ${JSON.stringify(receiver.spans)}\n${app.stderr}`).toMatchObject({
      kind: 2,
      traceId,
      parentSpanId,
      service: 'shop',
    })
    expect(exposition).toMatch(bucketWithExemplar(span?.spanId ?? ''))
    checkLines(app, span?.spanId ?? '')
  } finally {
    ending ??= await app.stop()
    await receiver.close()
  }
  // It has no handler of its own, so that the signal ends it: after the flush, which the span above shows.
  expect(ending, app.stderr).toEqual({ code: null, signal: 'SIGTERM' })
  expect(app.stderr).toBe('')
}

/** Waits for the app's own word on stdout. */
export async function listeningOrigin(app: StartedProgram): Promise<string> {
  await app.until(() => /listening on \d+/.test(app.stdout), 'it to listen')
  return `http://127.0.0.1:${/listening on (\d+)/.exec(app.stdout)?.[1]}`
}

async function scrape(origin: string): Promise<string> {
  const accept = 'application/openmetrics-text; version=1.0.0'
  const answer = await fetch(`${origin}/metrics`, { headers: { accept } })
  expect(answer.headers.get('content-type')).toMatch(/^application\/openmetrics-text; *version=1\.0\.0/)
  return await answer.text()
}

function bucketWithExemplar(spanId: string): RegExp {
  const bucket = String.raw`http_server_request_duration_seconds_bucket\{[^}]*http_route="/users/:id"[^}]*\} 1`
  return new RegExp(String.raw`^${bucket} # \{trace_id="${traceId}",span_id="${spanId}"\} [\d.e-]+`, 'm')
}

function checkLines(app: StartedProgram, spanId: string): void {
  const lines = app.stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  const ids = { trace_id: traceId, span_id: spanId, trace_flags: '01' }
  const own = lines.filter(({ msg }) => msg === 'looked up')
  expect(own, app.stdout).toEqual([expect.objectContaining({ ...ids, user: '42' })])
  const access = lines.filter(({ route }) => route === '/users/:id')
  expect(access, app.stdout).toEqual([
    expect.objectContaining({ ...ids, method: 'GET', path: '/users/42', status: 200 }),
  ])
}
