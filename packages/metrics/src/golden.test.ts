import { describe, expect, it } from 'vitest'
import { createRegistry } from './index.ts'

describe('golden expositions', () => {
  it('writes a histogram with a bound at 0, before and after observations, byte for byte', async () => {
    const registry = createRegistry()
    const calls = registry.histogram({
      name: 'caller_duration_calls',
      help: 'The duration of processed calls',
      buckets: [0, 1, 2, 4, 6, 10, 16, 26],
    })
    const golden = (counts: readonly number[], sum: string) =>
      `# HELP caller_duration_calls The duration of processed calls
# TYPE caller_duration_calls histogram
caller_duration_calls_bucket{le="0"} ${counts[0]}
caller_duration_calls_bucket{le="1"} ${counts[1]}
caller_duration_calls_bucket{le="2"} ${counts[2]}
caller_duration_calls_bucket{le="4"} ${counts[3]}
caller_duration_calls_bucket{le="6"} ${counts[4]}
caller_duration_calls_bucket{le="10"} ${counts[5]}
caller_duration_calls_bucket{le="16"} ${counts[6]}
caller_duration_calls_bucket{le="26"} ${counts[7]}
caller_duration_calls_bucket{le="+Inf"} ${counts[8]}
caller_duration_calls_sum ${sum}
caller_duration_calls_count ${counts[8]}
`
    expect(await registry.text()).toBe(golden([0, 0, 0, 0, 0, 0, 0, 0, 0], '0'))
    for (const value of [4.25, 5, 5.25, 6.551199964]) calls.observe(value)
    expect(await registry.text()).toBe(golden([0, 0, 0, 0, 3, 4, 4, 4, 4], '21.051199964'))
  })

  it('writes a summary with quantiles 0 and 1 given by a source', async () => {
    const registry = createRegistry()
    const quantiles = [
      ['0', 0.0000312],
      ['0.25', 0.0000446],
      ['0.5', 0.0000619],
      ['0.75', 0.0001025],
      ['1', 0.0006921],
    ] as const
    registry.attach({
      name: 'gc',
      collect(to) {
        const help = 'A summary of the pause duration of garbage collection cycles.'
        to.family('go_gc_duration_seconds', 'summary', help)
        for (const [quantile, value] of quantiles) to.point({ quantile }, value)
        to.point({}, 0.0041, '_sum')
        to.point({}, 36, '_count')
      },
    })
    expect(await registry.text()).toBe(
      `# HELP go_gc_duration_seconds A summary of the pause duration of garbage collection cycles.
# TYPE go_gc_duration_seconds summary
go_gc_duration_seconds{quantile="0"} 0.0000312
go_gc_duration_seconds{quantile="0.25"} 0.0000446
go_gc_duration_seconds{quantile="0.5"} 0.0000619
go_gc_duration_seconds{quantile="0.75"} 0.0001025
go_gc_duration_seconds{quantile="1"} 0.0006921
go_gc_duration_seconds_sum 0.0041
go_gc_duration_seconds_count 36
`,
    )
    expect(await registry.text('application/openmetrics-text')).toContain(
      'go_gc_duration_seconds{quantile="0.0"} 0.0000312\n',
    )
  })

  it('writes a summary family with three label values side by side, byte for byte', async () => {
    const registry = createRegistry()
    const points = {
      exponential: [
        7.15481743973794e-7, 2.4107430862406495e-6, 4.765333807409357e-6, 0.7256605994967505, 725573,
      ],
      normal: [
        2.624443173024204e-5, 0.00027037903279342055, 0.00048092816511585815, 4.73125563626474, 484135,
      ],
      uniform: [
        0.00011286026613070695, 0.0001829265170498833, 0.00019838432004883706, 36.34058433619449, 363327,
      ],
    } as const
    registry.attach({
      name: 'rpc',
      collect(to) {
        to.family('rpc_durations_seconds', 'summary', 'RPC latency distributions.')
        for (const [service, [p50, p90, p99, sum, count]] of Object.entries(points)) {
          to.point({ service, quantile: '0.5' }, p50)
          to.point({ service, quantile: '0.9' }, p90)
          to.point({ service, quantile: '0.99' }, p99)
          to.point({ service }, sum, '_sum')
          to.point({ service }, count, '_count')
        }
      },
    })
    expect(await registry.text()).toBe(`# HELP rpc_durations_seconds RPC latency distributions.
# TYPE rpc_durations_seconds summary
rpc_durations_seconds{service="exponential",quantile="0.5"} 7.15481743973794e-7
rpc_durations_seconds{service="exponential",quantile="0.9"} 0.0000024107430862406495
rpc_durations_seconds{service="exponential",quantile="0.99"} 0.000004765333807409357
rpc_durations_seconds_sum{service="exponential"} 0.7256605994967505
rpc_durations_seconds_count{service="exponential"} 725573
rpc_durations_seconds{service="normal",quantile="0.5"} 0.00002624443173024204
rpc_durations_seconds{service="normal",quantile="0.9"} 0.00027037903279342055
rpc_durations_seconds{service="normal",quantile="0.99"} 0.00048092816511585815
rpc_durations_seconds_sum{service="normal"} 4.73125563626474
rpc_durations_seconds_count{service="normal"} 484135
rpc_durations_seconds{service="uniform",quantile="0.5"} 0.00011286026613070695
rpc_durations_seconds{service="uniform",quantile="0.9"} 0.0001829265170498833
rpc_durations_seconds{service="uniform",quantile="0.99"} 0.00019838432004883706
rpc_durations_seconds_sum{service="uniform"} 36.34058433619449
rpc_durations_seconds_count{service="uniform"} 363327
`)
  })

  it('writes a summary of its own in the same shape', async () => {
    const registry = createRegistry()
    const rpc = registry.summary({
      name: 'rpc_durations_seconds',
      help: 'RPC latency distributions.',
      labels: ['service'],
      objectives: { 0.5: 0.05, 0.9: 0.01, 0.99: 0.001 },
    })
    for (const service of ['exponential', 'uniform']) {
      for (let i = 1; i <= 4; i++) rpc.observe(i / 4, { service })
    }
    const lines = (service: string): string =>
      `rpc_durations_seconds{service="${service}",quantile="0.5"} 0.5
rpc_durations_seconds{service="${service}",quantile="0.9"} 1
rpc_durations_seconds{service="${service}",quantile="0.99"} 1
rpc_durations_seconds_sum{service="${service}"} 2.5
rpc_durations_seconds_count{service="${service}"} 4
`
    expect(await registry.text()).toBe(
      `# HELP rpc_durations_seconds RPC latency distributions.
# TYPE rpc_durations_seconds summary
${lines('exponential')}${lines('uniform')}`,
    )
  })
})
