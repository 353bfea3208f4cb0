/** Where in the app a call came from, by the stack of an error that was made below it. For messages in development. */

/** Frames of ours and of the OpenTelemetry API lie between. */
const BETWEEN = /[\\/]@(?:triscope|opentelemetry)[\\/]|\(node:|^node:/

/** `file:line:column`, or the names of the functions where the app and we are one bundle. */
export function callPlace(error: Error): string {
  const frames = framesOf(error)
  const own = directoryOf(framesOf(new Error('own'))[0])
  const found = frames.find((frame) => !BETWEEN.test(frame) && !isOwn(frame, own))
  if (found !== undefined) return locationOf(found)
  return frames.length === 0 ? 'an unknown place' : frames.map(nameOf).join(' < ')
}

function framesOf({ stack }: Error): string[] {
  return (stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .map((line) => line.replace(/^\s+at /, ''))
}

/** `name (location)` or the location alone. */
function locationOf(frame: string): string {
  return /\((.*)\)$/.exec(frame)?.[1] ?? frame
}

function nameOf(frame: string): string {
  return frame.replace(/ \(.*\)$/, '')
}

function directoryOf(frame: string | undefined): string | undefined {
  return frame === undefined ? undefined : /^(.*[\\/])/.exec(locationOf(frame))?.[1]
}

/** Tests lie beside what they test. */
function isOwn(frame: string, own: string | undefined): boolean {
  const location = locationOf(frame)
  return own !== undefined && location.startsWith(own) && !/\.test\.\w+/.test(location)
}
