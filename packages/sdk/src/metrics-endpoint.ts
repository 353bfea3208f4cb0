/**
 * Serves the registry over HTTP: on the app, or on a listener of its own.
 *
 * Invariant: a scrape leaves no telemetry, a slow reader holds one slice of the text and no more, and whatever a client
 * sends costs it an error, never the app.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { type Diagnostics, messageOf } from '@triscope/core'
import type { Registry } from '@triscope/metrics'
import { createGuard, type MetricsGuard, type Refusal } from './metrics-guard.ts'
import { cameThroughProxy, unseen } from './own-traffic.ts'
import type { Req, Res } from './request-end.ts'
import { pathOf, urlOf } from './request-target.ts'

export interface MetricsEndpointOptions {
  registry: Registry
  diagnostics: Diagnostics
  /** The path on the app. */
  path: string
  /** Whether requests that came through a proxy are answered. */
  toProxies: boolean
  /** @default none: who reaches it may scrape */
  guard?: MetricsGuard
}

/** The metrics as they stand on an app. */
export interface MetricsEndpoint {
  /** Whether the request asks for the metrics. */
  owns(req: Req): boolean
  /** Answers it, where it is owned, and says whether it was. */
  answer(req: Req, res: Res): boolean
}

/** Scrapes under way at once; more get 503. A fleet has two Prometheus servers and a person with curl. */
const MAX_SCRAPES = 8
/** A reader that takes nothing for so long is cut off: it would hold its place for ever. */
const STALLED_MS = 10_000

/** Nobody waits longer; what asks for more is no scraper. */
const MAX_TIMEOUT_SECONDS = 600

/** The endpoint as it stands on the app itself. */
export function createMetricsEndpoint(options: MetricsEndpointOptions): MetricsEndpoint {
  const { diagnostics, path, registry, toProxies } = options
  const owns = (req: Req): boolean => isScrape(req, path)
  const ask = createGuard(options.guard ?? { token: undefined, allow: undefined }, diagnostics)
  let running = 0
  return {
    owns,
    answer(req, res) {
      if (!owns(req)) return false
      // `ServerResponse` and its HTTP/2 twin agree in all that is used here.
      const response = res as ServerResponse
      if (!toProxies && cameThroughProxy(req)) {
        diagnostics.warn(
          'TRI_WARN_METRICS_PUBLIC',
          `GET ${path} was asked for through a proxy and got 404: set metrics.public to serve it there, or metrics.port to move it to a listener of its own`,
        )
        response.writeHead(404).end()
        return true
      }
      const refusal = ask(req)
      if (refusal === undefined || typeof refusal === 'number') decided(refusal, req, response)
      else void refusal.then((status) => decided(status, req, response))
      return true
    },
  }

  function decided(refusal: Refusal, req: Req, res: ServerResponse): void {
    // The scraper may have gone while the app was asked.
    if (res.destroyed) return
    if (refusal === 401) res.writeHead(401, { 'www-authenticate': 'Bearer' }).end()
    else if (refusal === 403) res.writeHead(403).end()
    else if (running >= MAX_SCRAPES) res.writeHead(503, { 'retry-after': '1' }).end()
    else {
      running++
      unseen(() =>
        serve(registry, diagnostics, req, res).finally(() => {
          running--
        }),
      )
    }
  }
}

/** Where a listener of its own stands. */
export interface MetricsAddress {
  host: string
  /** 0 takes any free one. */
  port: number
  path: string
}

/** A listener for metrics and health, and nothing else. It never keeps the process alive. */
export interface MetricsListener {
  /** The whole address of the metrics; `undefined` until it listens. */
  readonly url: string | undefined
  close(): Promise<void>
}

/** Listens on a port of its own. A port that is taken costs what is served there, and a warning, not the app. */
export function listenForMetrics(
  endpoints: readonly Pick<MetricsEndpoint, 'answer'>[],
  diagnostics: Diagnostics,
  at: MetricsAddress,
): MetricsListener {
  const server: Server = unseen(() =>
    createServer((req, res) => {
      if (!endpoints.some((endpoint) => endpoint.answer(req, res))) res.writeHead(404).end()
    }),
  )
  let url: string | undefined
  server.on('error', (error) => {
    diagnostics.warn(
      'TRI_WARN_PORT',
      `metrics.port: cannot listen on ${at.host}:${at.port} (${messageOf(error)}); neither metrics nor health checks are served: choose another port or end what holds this one`,
    )
  })
  server.listen(at.port, at.host, () => {
    const { port } = server.address() as AddressInfo
    url = `http://${at.host.includes(':') ? `[${at.host}]` : at.host}:${port}${at.path}`
  })
  server.unref()
  return {
    get url() {
      return url
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function isScrape(req: Req, path: string): boolean {
  if (req.method !== 'GET' && req.method !== 'HEAD') return false
  const url = urlOf(req)
  // Most requests are told apart by the first characters, without cutting the query off.
  return url.startsWith(path) && pathOf(url) === path
}

async function serve(
  registry: Registry,
  diagnostics: Diagnostics,
  req: Req,
  res: ServerResponse,
): Promise<void> {
  try {
    res.setTimeout(STALLED_MS, () => res.destroy())
    const names = namesOf(urlOf(req))
    const { contentType, body } = registry.expose({
      accept: (req as IncomingMessage).headers.accept,
      timeoutMs: timeoutOf(req.headers['x-prometheus-scrape-timeout-seconds']),
      ...(names.length === 0 ? {} : { names }),
    })
    res.statusCode = 200
    res.setHeader('content-type', contentType)
    res.setHeader('vary', 'accept, accept-encoding')
    if (req.method === 'HEAD') {
      res.end()
      return
    }
    if (acceptsGzip(req.headers['accept-encoding'])) {
      res.setHeader('content-encoding', 'gzip')
      await pipeline(Readable.from(body, { objectMode: false }), createGzip({ level: 1 }), res)
    } else {
      await pipeline(Readable.from(body, { objectMode: false }), res)
    }
  } catch (error) {
    // A scraper that went away is its own affair; it shows in the scraper.
    if ((error as { code?: unknown }).code !== 'ERR_STREAM_PREMATURE_CLOSE') {
      diagnostics.failed('TRI_WARN_SCRAPE', error)
    }
    res.destroy()
  }
}

/**
 * What collectors have of the time that the scraper waits: all but half a second, which the answer needs on its way; of
 * less than a second half. Prometheus sends it with each scrape; who does not has the registry's default.
 */
function timeoutOf(header: string | string[] | undefined): number | undefined {
  const seconds = typeof header === 'string' && header.trim() !== '' ? Number(header) : Number.NaN
  if (!(seconds > 0 && seconds <= MAX_TIMEOUT_SECONDS)) return undefined
  return Math.max(seconds * 500, seconds * 1000 - 500)
}

/** `?name[]=a&name[]=b`, as the Prometheus client libraries take it. */
function namesOf(url: string): string[] {
  const question = url.indexOf('?')
  return question < 0 ? [] : new URLSearchParams(url.slice(question + 1)).getAll('name[]')
}

/** RFC 9110 §12.5.3: gzip is acceptable when it is named, or `*` is, without a weight of 0. */
function acceptsGzip(header: string | string[] | undefined): boolean {
  const text = Array.isArray(header) ? header.join(',') : header
  if (text === undefined) return false
  let any = false
  for (const part of text.slice(0, 1_000).split(',')) {
    const [coding = '', ...parameters] = part.toLowerCase().split(';')
    const name = coding.trim()
    if (name !== 'gzip' && name !== '*') continue
    const refused = parameters.some((parameter) => /^\s*q\s*=\s*0(\.0*)?\s*$/.test(parameter))
    if (name === 'gzip') return !refused
    any = !refused
  }
  return any
}
