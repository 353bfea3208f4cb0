/**
 * Counts the spans in an OTLP export request without decoding them: opentelemetry-proto, `ExportTraceServiceRequest`,
 * whose field 1 holds `ResourceSpans`, whose field 2 holds `ScopeSpans`, whose field 2 holds `Span`.
 */

/** @param body protobuf, uncompressed. Throws `RangeError` for what ends in the middle of a field. */
export function countSpans(body) {
  let spans = 0
  eachMessage(body, 0, body.length, 1, (start, end) => {
    eachMessage(body, start, end, 2, (from, to) => {
      eachMessage(body, from, to, 2, () => {
        spans++
      })
    })
  })
  return spans
}

/** Calls back with the bounds of every length-delimited field `number` between `start` and `end`. */
function eachMessage(body, start, end, number, found) {
  let at = start
  while (at < end) {
    const [tag, afterTag] = varint(body, at, end)
    const field = Math.floor(tag / 8)
    const wire = tag % 8
    at = afterTag
    if (wire === 0) [, at] = varint(body, at, end)
    else if (wire === 1) at += 8
    else if (wire === 5) at += 4
    else if (wire === 2) {
      const [length, content] = varint(body, at, end)
      at = content + length
      if (at > end) throw new RangeError('a field ends beyond its message')
      if (field === number) found(content, at)
    } else throw new RangeError(`wire type ${wire} is not used by OTLP`)
  }
  if (at > end) throw new RangeError('a field ends beyond its message')
}

/** The value, and where it ends. Multiplied, not shifted: a tag or length may need more than 31 bits. */
function varint(body, start, end) {
  let value = 0
  let scale = 1
  for (let at = start; at < end; at++) {
    const byte = body[at]
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return [value, at + 1]
    scale *= 128
  }
  throw new RangeError('a number ends beyond its message')
}
