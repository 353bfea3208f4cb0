/**
 * Names the routes of an app that were registered before triscope, because their requests leave no telemetry.
 * Express hides an app that is mounted on another in a function: it is named by its path, and its routes are not.
 */
import type { Layer, Route } from './mount-template.ts'

/** More names than this are counted, not listed. */
const MAX_NAMED = 10

/** A sentence for a human; `undefined` where no route came before. @param before the layers that stand before triscope */
export function lateWarning(before: readonly Layer[]): string | undefined {
  const names = before.flatMap((layer) => routeNames(layer, ''))
  if (names.length === 0) return undefined
  const named = names.slice(0, MAX_NAMED).join(', ')
  const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : ''
  const were = names.length === 1 ? 'route was' : 'routes were'
  const are = names.length === 1 ? 'is' : 'are'
  return `${names.length} ${were} registered before triscope and ${are} not traced: ${named}${more}; call triscope first`
}

function routeNames(layer: Layer, prefix: string): string[] {
  const { route } = layer
  if (route !== undefined) return [`${methodsOf(route)} ${prefix}${String(route.path)}`]
  const { name, stack } = layer.handle as { name?: unknown; stack?: unknown }
  if (name === 'mounted_app') return [`the app mounted on ${prefix + mountName(layer) || '/'}`]
  if (!Array.isArray(stack)) return []
  const below = prefix + mountName(layer)
  return (stack as Layer[]).flatMap((inner) => routeNames(inner, below))
}

function methodsOf({ methods = {} }: Route): string {
  const names = Object.keys(methods).filter((name) => methods[name] === true)
  return names.includes('_all') ? 'ALL' : names.map((name) => name.toUpperCase()).join('|')
}

/** Only router 2.3 and later tell the path of a mount. */
function mountName({ rawPath, regexp, slash }: Layer): string {
  if (rawPath !== undefined) return rawPath === '/' ? '' : String(rawPath)
  const atRoot = slash ?? (regexp as { fast_slash?: boolean } | undefined)?.fast_slash
  return atRoot === true ? '' : '…'
}
