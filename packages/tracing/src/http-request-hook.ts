/**
 * Tells of each request that `node:http` or `node:https` sends, while its headers can still be added to.
 *
 * Node 22.12 and later publish it on `http.client.request.created`. Before, no channel speaks in time, and the one place
 * that every form of headers passes is `_storeHeader`: implicit, flushed, given as an array, and with `Expect`, for which
 * node renders them in the constructor.
 *
 * Invariant: nothing is patched where the channel exists, and nothing is left patched when the last listener has gone.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { ClientRequest } from 'node:http'
import { processSlot } from '@triscope/core'

export type RequestListener = (request: ClientRequest) => void

/** Calls `listener`, which must not throw, with each request from now on; the returned function ends that. */
export function onClientRequest(listener: RequestListener): () => void {
  return publishesCreated(process.versions.node) ? listenToChannel(listener) : listenToHeaders(listener)
}

const CREATED = 'http.client.request.created'

/** Whether this Node publishes `http.client.request.created`: from 22.12 and 23.2 on. */
export function publishesCreated(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major >= 24 || (major === 23 && minor >= 2) || (major === 22 && minor >= 12)
}

function listenToChannel(listener: RequestListener): () => void {
  const heard = (message: unknown): void => listener((message as { request: ClientRequest }).request)
  subscribe(CREATED, heard)
  return () => void unsubscribe(CREATED, heard)
}

type StoreHeader = (this: ClientRequest, firstLine: string, headers: unknown) => unknown

/** Inherited from `OutgoingMessage`, where servers' responses have it too: ours stands on requests alone. */
interface RequestPrototype {
  _storeHeader: StoreHeader
}

interface Hook {
  readonly listeners: Set<RequestListener>
  installed: StoreHeader | undefined
}

function listenToHeaders(listener: RequestListener): () => void {
  const hook = processSlot<Hook>('http-client-hook', () => ({ listeners: new Set(), installed: undefined }))
  hook.listeners.add(listener)
  if (hook.installed === undefined) install(hook)
  return () => {
    hook.listeners.delete(listener)
    if (hook.listeners.size === 0) uninstall(hook)
  }
}

function install(hook: Hook): void {
  const prototype = ClientRequest.prototype as unknown as RequestPrototype
  const storeHeader = prototype._storeHeader
  hook.installed = function (firstLine, headers) {
    const stored = storeHeader.call(this, firstLine, headers)
    for (const listener of hook.listeners) listener(this)
    return stored
  }
  prototype._storeHeader = hook.installed
}

/** Where somebody has wrapped ours since, it stays and does nothing. */
function uninstall(hook: Hook): void {
  const prototype = ClientRequest.prototype as unknown as RequestPrototype
  if (!Object.hasOwn(prototype, '_storeHeader') || prototype._storeHeader !== hook.installed) return
  Reflect.deleteProperty(prototype, '_storeHeader')
  hook.installed = undefined
}
