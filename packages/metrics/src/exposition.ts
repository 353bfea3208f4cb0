/**
 * Renders families in slices: after about a millisecond the event loop gets its turn, at any number of series.
 *
 * Invariant: the points of one series are written without a pause, so that a histogram's parts always fit together;
 * and a family is written whole and once, or not at all.
 */
import { claimedNames } from './family.ts'
import type { FamilyWriter } from './family-writer.ts'
import type { Exposable } from './instrument.ts'
import { shownNames } from './instrument-set.ts'
import type { Negotiated } from './negotiate.ts'
import { Pace } from './pace.ts'
import { lengthPrefix, ProtobufFormat } from './protobuf-format.ts'
import type { Room } from './room.ts'
import { TextFormat } from './text-format.ts'

/** A chunk is handed over when it has grown to this; some hundred lines, or 0.1 ms of work. */
const CHUNK_BYTES = 32 * 1024
/** The clock is looked at after so many series at the latest: merging the windows of a summary takes its time. */
const SERIES_PER_LOOK = 32

/** The bytes of a scrape. */
export function renderFamilies(
  families: readonly Exposable[],
  { format, escaping }: Negotiated,
  room: Room,
): AsyncGenerator<Uint8Array, void, undefined> {
  return format === 'protobuf'
    ? renderProtobuf(families, new ProtobufFormat(escaping, room), room)
    : renderText(families, new TextFormat(format, escaping), room)
}

/** Those families that answer to one of the names, by family name or by the name of any of their samples. */
export function selectFamilies<F extends Exposable>(
  families: readonly F[],
  names: readonly string[] | undefined,
): readonly F[] {
  if (names === undefined || names.length === 0) return families
  const wanted = new Set(names)
  return families.filter(({ head: { base, type } }) => {
    return [...claimedNames(base, type), ...shownNames(base, type)].some((name) => wanted.has(name))
  })
}

async function* renderText(
  families: readonly Exposable[],
  writer: TextFormat,
  room: Room,
): AsyncGenerator<Uint8Array, void, undefined> {
  const pace = new Pace(room)
  for (const family of families) yield* familyChunks(family, writer, pace)
  writer.end()
  if (writer.length > 0) {
    pace.pause()
    yield writer.take()
  }
}

/** Each family is a message, and the length of a message stands before it: so a family is rendered before it is sent. */
async function* renderProtobuf(
  families: readonly Exposable[],
  writer: ProtobufFormat,
  room: Room,
): AsyncGenerator<Uint8Array, void, undefined> {
  const pace = new Pace(room)
  for (const family of families) {
    const chunks: Uint8Array[] = []
    for await (const chunk of familyChunks(family, writer, pace)) chunks.push(chunk)
    chunks.push(writer.take())
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    yield lengthPrefix(length)
    yield* chunks
    pace.resume()
  }
  pace.pause()
}

/** What is full of a family's chunks; the rest stays in the writer. */
async function* familyChunks(
  family: Exposable,
  writer: FamilyWriter,
  pace: Pace,
): AsyncGenerator<Uint8Array, void, undefined> {
  writer.begin(family.head)
  const view = family.view()
  for (let i = 0; i < view.count; i++) {
    view.write(i, writer)
    const isFull = writer.length >= CHUNK_BYTES
    if (!isFull && i % SERIES_PER_LOOK !== 0) continue
    const isOver = pace.pause()
    if (isFull) yield writer.take()
    if (isOver) await pace.turn()
    else if (isFull) pace.resume()
  }
}
