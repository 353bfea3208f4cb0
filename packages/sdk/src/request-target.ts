/** What a request asks for, from its first line: RFC 9112 §3.2. */
import type { Req } from './request-end.ts'

/**
 * Path and query. Express cuts `url` down inside a mounted router and keeps the whole in `originalUrl`. A client may
 * send a whole URL, as to a proxy (RFC 9112 §3.2.2): its scheme and authority, credentials among them, are left out.
 */
export function urlOf(req: Req): string {
  const url = (req as { originalUrl?: string }).originalUrl ?? req.url ?? '/'
  return url.charCodeAt(0) === SLASH ? url : originForm(url)
}

const SLASH = 47

/** Without the query. */
export function pathOf(url: string): string {
  const question = url.indexOf('?')
  return question < 0 ? url : url.slice(0, question)
}

/** `http` or `https`, as the connection is; what a proxy says of its client does not count. */
export function schemeOf(req: Req): string {
  return (req.socket as { encrypted?: boolean } | undefined)?.encrypted === true ? 'https' : 'http'
}

function originForm(url: string): string {
  const authority = url.indexOf('://')
  if (authority < 0) return url
  const rest = url.slice(authority + 3)
  const end = rest.search(/[/?#]/)
  if (end < 0) return '/'
  return rest.charCodeAt(end) === SLASH ? rest.slice(end) : `/${rest.slice(end)}`
}
