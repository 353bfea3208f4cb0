/**
 * The program of the sending thread, as text, so that it is there wherever a bundler put this package.
 *
 * Builds put it in the place of `undefined` (scripts/worker-source.mjs): `worker-main.ts` and all it imports, in one piece.
 * Run from source without a build there is none, and everything is sent from the main thread.
 */
export const workerSource: string | undefined = undefined
