/** `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`: OpenTelemetry environment variable specification, "General". */
import { parseUrl } from '@triscope/core'
import type { JaegerRemoteOptions, SamplerOption } from '@triscope/tracing'
import type { SettingReader } from './setting-reader.ts'

const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'jaeger_remote',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
  'parentbased_jaeger_remote',
] as const

const ARG = 'tracing.sampler.argument'

/** The sampler that the variables name; `undefined` where they name none. */
export function samplerOf(read: SettingReader): SamplerOption | undefined {
  const name = read.choice('tracing.sampler', SAMPLERS)
  if (name === undefined) return undefined
  const parentBased = name.startsWith('parentbased_')
  if (name.endsWith('jaeger_remote')) return { jaegerRemote: remoteOf(read), parentBased }
  const ratio = name.endsWith('always_on') ? 1 : name.endsWith('always_off') ? 0 : (read.number(ARG) ?? 1)
  return parentBased ? ratio : { ratio, parentBased }
}

/** `endpoint=…,pollingIntervalMs=…,initialSamplingRate=…`; the endpoint is the one for HTTP, on port 5778. */
function remoteOf(read: SettingReader): JaegerRemoteOptions {
  const given = new Map<string, string>()
  for (const pair of (read.text(ARG) ?? '').split(',')) {
    const equals = pair.indexOf('=')
    if (equals > 0) given.set(pair.slice(0, equals).trim(), pair.slice(equals + 1).trim())
    else if (pair.trim() !== '') read.unsupported(ARG, pair, EXPECTED)
  }
  const options: JaegerRemoteOptions = {}
  for (const [key, value] of given) {
    const number = Number(value)
    if (key === 'endpoint' && /^https?:$/.test(parseUrl(value)?.protocol ?? '')) options.endpoint = value
    else if (key === 'pollingIntervalMs' && number >= 1_000 && number <= 86_400_000)
      options.pollIntervalMs = number
    else if (key === 'initialSamplingRate' && value !== '' && number >= 0 && number <= 1)
      options.initialRatio = number
    else read.unsupported(ARG, `${key}=${value}`, EXPECTED)
  }
  return options
}

const EXPECTED =
  'expected endpoint=http://host:5778/sampling, pollingIntervalMs=60000 (1000 or more) and initialSamplingRate=0.001 (0 to 1), separated by commas; using the default'
