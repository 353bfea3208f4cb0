/** Compresses a body off the main thread, where that saves more than it costs. */
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Diagnostics } from '@triscope/core'

/** A smaller body fits in one packet with its headers, compressed or not. */
const MIN_GZIP_BYTES = 1024

const compressed = promisify(gzip)

/** The body in gzip, or, where it is small or compression fails, itself. Never rejects. */
export async function gzipped(body: Uint8Array, diagnostics: Diagnostics | undefined): Promise<Uint8Array> {
  if (body.length < MIN_GZIP_BYTES) return body
  try {
    return await compressed(body)
  } catch (error) {
    diagnostics?.failed('TRI_WARN_EXPORT', error)
    return body
  }
}
