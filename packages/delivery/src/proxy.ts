/**
 * Which proxy a URL is reached through, by the variables that curl and its like read.
 *
 * Invariant: nothing is read but the environment that was handed over, and a proxy that cannot be used is told, not tried.
 */
import { createRedaction, type Diagnostics, parseUrl } from '@triscope/core'

/**
 * The proxy for `url`, as its URL with credentials; `undefined` where the way is direct. Read are `HTTPS_PROXY` and
 * `HTTP_PROXY` by the scheme of `url`, then `ALL_PROXY`, and `NO_PROXY`; each in lower case first. `HTTP_PROXY` in capitals
 * is not read under CGI (`REQUEST_METHOD` is set), where a client could set it: CVE-2016-5385.
 */
export function proxyFor(
  url: string,
  env: Readonly<Record<string, string | undefined>>,
  diagnostics?: Diagnostics,
): string | undefined {
  const target = parseUrl(url)
  if (target === undefined) return undefined
  const { protocol, hostname, port } = target
  const scheme = protocol === 'https:' ? 'https' : 'http'
  const given = (name: string): string | undefined => {
    const upper =
      name === 'http_proxy' && env['REQUEST_METHOD'] !== undefined ? undefined : name.toUpperCase()
    return env[name] || (upper === undefined ? undefined : env[upper]) || undefined
  }
  const named = given(`${scheme}_proxy`) ?? given('all_proxy')
  if (named === undefined) return undefined
  if (isExcluded(hostname, port || (scheme === 'https' ? '443' : '80'), given('no_proxy') ?? ''))
    return undefined
  const proxy = named.includes('://') ? named : `http://${named}`
  if (/^https?:$/.test(parseUrl(proxy)?.protocol ?? '')) return proxy
  const shown = createRedaction().url(proxy)
  diagnostics?.warn(
    'TRI_WARN_ENV',
    `${scheme}_proxy: expected an http:// or https:// URL, got ${JSON.stringify(shown)}; going without a proxy`,
  )
  return undefined
}

/** `NO_PROXY`: `*`, hosts with all below them, addresses; each may have a port. */
function isExcluded(hostname: string, port: string, list: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase()
  for (const entry of list.toLowerCase().split(/[\s,]+/)) {
    if (entry === '') continue
    if (entry === '*') return true
    const [, name = entry, entryPort] = /^(.*):(\d+)$/.exec(entry.includes('::') ? '' : entry) ?? []
    if (entryPort !== undefined && entryPort !== port) continue
    const suffix = name.replace(/^\*?\./, '').replace(/^\[|\]$/g, '')
    if (host === suffix || host.endsWith(`.${suffix}`)) return true
  }
  return false
}
