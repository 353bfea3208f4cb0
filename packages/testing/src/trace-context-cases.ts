/**
 * W3C Trace Context Level 2 as a table: headers that come in, and what must go out to the next service. The cases are
 * those of the working group's own harness, strict, and the ones that Level 2 adds.
 *
 * Invariant: nothing here knows our parsers; each case is a sentence of the specification.
 */

export const TRACE_ID = '12345678901234567890123456789012'
export const PARENT_ID = '1234567890123456'
const VALID = `00-${TRACE_ID}-${PARENT_ID}-01`

/** One request, by its header lines as they go over the wire. */
export interface TraceContextCase {
  readonly name: string
  readonly lines: readonly string[]
  /** Whether the next service sees the caller's trace, or a new one. */
  readonly trace: 'continued' | 'new'
  /** The two flags that go out. @default '03' for a new trace, '01' for one that goes on */
  readonly flags?: string
  /** The `tracestate` that goes out; `undefined` for none. */
  readonly tracestate?: string
}

const continued = (
  name: string,
  lines: readonly string[],
  rest: Partial<TraceContextCase> = {},
): TraceContextCase => ({
  name,
  lines,
  trace: 'continued',
  ...rest,
})
const begun = (name: string, ...lines: readonly string[]): TraceContextCase => ({ name, lines, trace: 'new' })
const withState = (name: string, states: readonly string[], tracestate?: string): TraceContextCase =>
  continued(
    name,
    [`traceparent: ${VALID}`, ...states.map((state) => `tracestate: ${state}`)],
    tracestate === undefined ? {} : { tracestate },
  )

const members = (count: number): string => Array.from({ length: count }, (_, i) => `bar${i}=${i}`).join(',')
const keyOf = (length: number): string => 'z'.repeat(length)

/** §3.2, `traceparent`. */
const traceparent: readonly TraceContextCase[] = [
  begun('no header'),
  continued('traceparent alone', [`traceparent: ${VALID}`]),
  begun(
    'two traceparent headers',
    `traceparent: ${VALID}`,
    `traceparent: 00-${'a'.repeat(32)}-${PARENT_ID}-01`,
  ),
  begun('two traceparent headers that are equal', `traceparent: ${VALID}`, `traceparent: ${VALID}`),
  begun('a header of another name: trace-parent', `trace-parent: ${VALID}`),
  begun('a header of another name: trace.parent', `trace.parent: ${VALID}`),
  continued('its name in capitals', [`TRACEPARENT: ${VALID}`]),
  continued('its name in mixed case', [`TraceParent: ${VALID}`]),
  begun('version 00 with more behind it', `traceparent: ${VALID}-what-the-future-will-be-like`),
  begun('version 00 with a dash behind it', `traceparent: ${VALID}-`),
  continued('a later version', [`traceparent: cc-${TRACE_ID}-${PARENT_ID}-01`]),
  continued('a later version with more behind it', [
    `traceparent: cc-${TRACE_ID}-${PARENT_ID}-01-what-the-future-will-be-like`,
  ]),
  begun('a later version with more and no dash', `traceparent: cc-${TRACE_ID}-${PARENT_ID}-01.what`),
  begun('version ff', `traceparent: ff-${TRACE_ID}-${PARENT_ID}-01`),
  begun('an illegal character in the version', `traceparent: .0-${TRACE_ID}-${PARENT_ID}-01`),
  begun('a version that is too long', `traceparent: 000-${TRACE_ID}-${PARENT_ID}-01`),
  begun('a version that is too short', `traceparent: 0-${TRACE_ID}-${PARENT_ID}-01`),
  begun('an all-zero trace id', `traceparent: 00-${'0'.repeat(32)}-${PARENT_ID}-01`),
  begun('an illegal character in the trace id', `traceparent: 00-.${TRACE_ID.slice(1)}-${PARENT_ID}-01`),
  begun('a capital in the trace id', `traceparent: 00-A${TRACE_ID.slice(1)}-${PARENT_ID}-01`),
  begun('a trace id that is too long', `traceparent: 00-${TRACE_ID}3-${PARENT_ID}-01`),
  begun('a trace id that is too short', `traceparent: 00-${TRACE_ID.slice(1)}-${PARENT_ID}-01`),
  begun('an all-zero parent id', `traceparent: 00-${TRACE_ID}-${'0'.repeat(16)}-01`),
  begun('an illegal character in the parent id', `traceparent: 00-${TRACE_ID}-.${PARENT_ID.slice(1)}-01`),
  begun('a parent id that is too long', `traceparent: 00-${TRACE_ID}-${PARENT_ID}7-01`),
  begun('a parent id that is too short', `traceparent: 00-${TRACE_ID}-${PARENT_ID.slice(1)}-01`),
  begun('an illegal character in the flags', `traceparent: 00-${TRACE_ID}-${PARENT_ID}-.0`),
  begun('flags that are too long', `traceparent: 00-${TRACE_ID}-${PARENT_ID}-001`),
  begun('flags that are too short', `traceparent: 00-${TRACE_ID}-${PARENT_ID}-1`),
  continued('white space around it', [`traceparent:  \t ${VALID} \t`]),
  continued('flags: not sampled', [`traceparent: 00-${TRACE_ID}-${PARENT_ID}-00`], { flags: '00' }),
  continued('flags: random, not sampled', [`traceparent: 00-${TRACE_ID}-${PARENT_ID}-02`], { flags: '02' }),
  continued('flags: random and sampled', [`traceparent: 00-${TRACE_ID}-${PARENT_ID}-03`], { flags: '03' }),
  continued('flags that nobody knows yet', [`traceparent: 00-${TRACE_ID}-${PARENT_ID}-ff`], { flags: '03' }),
]

/** §3.3, `tracestate`. */
const tracestate: readonly TraceContextCase[] = [
  begun('tracestate without traceparent', 'tracestate: foo=1'),
  begun('tracestate with a malformed traceparent', 'traceparent: what', 'tracestate: foo=1'),
  withState('both', ['foo=1,bar=2'], 'foo=1,bar=2'),
  continued('a tracestate of another name', [`traceparent: ${VALID}`, 'trace-state: foo=1']),
  continued('its name in capitals', [`traceparent: ${VALID}`, 'TRACESTATE: foo=1'], { tracestate: 'foo=1' }),
  withState('an empty header', ['']),
  withState('an empty header before one', ['', 'foo=1'], 'foo=1'),
  withState(
    'several headers',
    ['foo=1,bar=2', 'rojo=1,congo=2', 'baz=3'],
    'foo=1,bar=2,rojo=1,congo=2,baz=3',
  ),
  withState('a key that stands twice', ['foo=1,foo=2'], 'foo=1'),
  withState(
    'all characters of a key',
    ['abcdefghijklmnopqrstuvwxyz0123456789_-*/=1'],
    'abcdefghijklmnopqrstuvwxyz0123456789_-*/=1',
  ),
  withState('a key of a tenant', ['fw529a3039@dt=1,foo@=1,f@b@c=1'], 'fw529a3039@dt=1,foo@=1,f@b@c=1'),
  withState('all characters of a value', [`foo=${printable()}`], `foo=${printable()}`),
  withState('white space between members', ['foo=1 \t , \t bar=2, \t baz=3'], 'foo=1,bar=2,baz=3'),
  withState('white space around members', ['foo=1\t \t,\t \tbar=2,\t \tbaz=3 \t'], 'foo=1,bar=2,baz=3'),
  withState('empty members', ['foo=1,,bar=2,'], 'foo=1,bar=2'),
  withState('a space within a key', ['foo =1']),
  withState('a capital in a key', ['FOO=1']),
  withState('a dot in a key', ['foo.bar=1']),
  withState('a key that begins with a mark', ['@foo=1,bar=2']),
  withState('a key of 256 characters', [`${keyOf(256)}=1`], `${keyOf(256)}=1`),
  withState('a key of 257 characters', [`foo=1,${keyOf(257)}=1`]),
  withState('32 members', [members(32)], members(32)),
  withState(
    '32 members in two headers',
    [members(16), members(32).split(',').slice(16).join(',')],
    members(32),
  ),
  withState('33 members', [members(33)]),
  withState('33 members in two headers', [members(32), 'foo=1']),
  withState('an equals sign in a value', ['foo=bar=baz']),
  withState('an empty value', ['foo=,bar=3']),
  withState('no value', ['foo,bar=3']),
  withState('a value of 256 characters', [`foo=${'v'.repeat(256)}`], `foo=${'v'.repeat(256)}`),
  withState('a value of 257 characters', [`foo=${'v'.repeat(257)}`]),
  withState('512 characters', [long(512)], long(512)),
]

/** Every case. */
export const traceContextCases: readonly TraceContextCase[] = [...traceparent, ...tracestate]

/** Printable ASCII but comma and equals sign; a space stands within only. */
function printable(): string {
  const all = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i))
  return `a${all.filter((character) => character !== ',' && character !== '=').join('')}`
}

function long(characters: number): string {
  const list = `${Array.from({ length: 8 }, (_, i) => `key${i}=${'v'.repeat(50)}`).join(',')},last=`
  return list + 'v'.repeat(characters - list.length)
}
