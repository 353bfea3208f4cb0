/**
 * An npm registry on loopback that has our packed packages and sends for everything else to the registry npm is
 * configured with. Nothing is published anywhere.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

interface Packed {
  readonly file: string
  readonly manifest: { readonly name: string; readonly version: string }
  readonly integrity: string
}

export interface LoopbackRegistry {
  readonly url: string
  /** Names of ours that were asked for. */
  readonly asked: ReadonlySet<string>
  close(): Promise<void>
}

export async function startRegistry(folder: string): Promise<LoopbackRegistry> {
  const packed = new Map(readdirSync(folder).map((file) => read(folder, file)))
  const upstream = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' })
    .trim()
    .replace(/\/$/, '')
  const asked = new Set<string>()
  const server = createServer((req, res) => {
    const path = req.url ?? '/'
    const name = decodeURIComponent(path.slice(1))
    const found = packed.get(name)
    if (found !== undefined) {
      asked.add(name)
      res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(packument(found, url)))
    } else if (path.startsWith('/-/packed/')) {
      res.writeHead(200).end(readFileSync(join(folder, path.slice('/-/packed/'.length))))
    } else {
      res.writeHead(302, { location: `${upstream}${path}` }).end()
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    asked,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function read(folder: string, file: string): [name: string, packed: Packed] {
  const text = execFileSync('tar', ['-xOf', join(folder, file), 'package/package.json'], { encoding: 'utf8' })
  const manifest = JSON.parse(text) as Packed['manifest']
  const digest = createHash('sha512')
    .update(readFileSync(join(folder, file)))
    .digest('base64')
  return [manifest.name, { file, manifest, integrity: `sha512-${digest}` }]
}

function packument({ file, manifest, integrity }: Packed, url: string): object {
  const dist = { tarball: `${url}/-/packed/${file}`, integrity }
  return {
    name: manifest.name,
    'dist-tags': { latest: manifest.version },
    versions: { [manifest.version]: { ...manifest, dist } },
  }
}
