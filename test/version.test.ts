/** One version for all packages, in code and in every manifest. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { SDK_VERSION } from '@triscope/core'
import { describe, expect, it } from 'vitest'

const packages = fileURLToPath(new URL('../packages', import.meta.url))

interface Manifest {
  version: string
  exports: Record<string, unknown>
  publishConfig: { access: string; exports: Record<string, unknown> }
}

describe.each(readdirSync(packages))('packages/%s', (room) => {
  const manifest = JSON.parse(readFileSync(`${packages}/${room}/package.json`, 'utf8')) as Manifest

  it('has the version that telemetry reports of itself', () => {
    expect(manifest.version).toBe(SDK_VERSION)
  })

  it('publishes the entries it has in the workspace, without the one to source', () => {
    const published = JSON.parse(JSON.stringify(manifest.exports), (key, value: unknown) =>
      key === '@triscope/source' ? undefined : value,
    ) as unknown
    expect(manifest.publishConfig).toEqual({ access: 'public', exports: published })
  })
})
