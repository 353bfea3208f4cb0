/** Reads from a Prometheus exposition how often a row says it answered a path. */

/** The names under which the rows count requests: ours, fastify-metrics' and express-prom-bundle's. */
const COUNT =
  /^(http_server_request_duration_seconds|http_request_duration_seconds)_count\{(.*)\} ([0-9.e+]+)/

/** The sum of all request counts whose labels name a path that begins with `prefix`. */
export function requestCount(text, prefix) {
  let sum = 0
  for (const line of text.split('\n')) {
    const match = COUNT.exec(line)
    if (match?.[2].includes(`="${prefix}`)) sum += Number(match[3])
  }
  return sum
}
