/**
 * Renders families in slices: after about a millisecond the event loop gets its turn, at any number of series.
 *
 * Invariant: the lines of one series are written without a pause, so that a histogram's parts always fit together;
 * and a family is written whole and once, or not at all.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { claimedNames, type Format, headLines } from './family.ts'
import type { Exposable } from './instrument.ts'
import type { Room } from './room.ts'
import type { TextWriter } from './text-writer.ts'

/** A chunk is handed over when it has grown to this; some hundred lines, or 0.1 ms of work. */
const CHUNK_BYTES = 32 * 1024
/** How long rendering may keep the event loop before it lets others go first. */
const SLICE_MS = 1

/** The bytes of a scrape. The writer may be shared: it is empty at every pause. */
export async function* renderFamilies(
  families: readonly Exposable[],
  format: Format,
  writer: TextWriter,
  room: Room,
): AsyncGenerator<Uint8Array, void, undefined> {
  let startMs = room.clock.monotonicMs()
  let sliceMs = 0
  const chunk = (): Uint8Array => {
    const bytes = writer.take()
    const nowMs = room.clock.monotonicMs()
    room.busyMs += nowMs - startMs
    sliceMs += nowMs - startMs
    return bytes
  }
  try {
    for (const family of families) {
      writer.text(headLines(family.head, format))
      // Series that come while this family is written are left for the next scrape.
      const count = family.seriesCount
      for (let i = 0; i < count; i++) {
        family.write(i, writer, format)
        if (writer.length < CHUNK_BYTES) continue
        yield chunk()
        if (sliceMs >= SLICE_MS) {
          await nextTurn()
          sliceMs = 0
        }
        startMs = room.clock.monotonicMs()
      }
    }
    if (format === 'openmetrics') writer.text('# EOF\n')
    if (writer.length > 0) yield chunk()
  } finally {
    writer.clear()
  }
}

/** Those families that answer to one of the names, by family name or by the name of any of their samples. */
export function selectFamilies<F extends Exposable>(
  families: readonly F[],
  names: readonly string[] | undefined,
): readonly F[] {
  if (names === undefined || names.length === 0) return families
  const wanted = new Set(names)
  return families.filter(({ head }) => claimedNames(head.base, head.type).some((name) => wanted.has(name)))
}
