import type { Plugin } from 'esbuild'

/** For esbuild, and so for tsup. */
export declare const esbuildWorkerSource: Plugin

/** For vite, and so for vitest. */
export declare const viteWorkerSource: {
  name: string
  enforce: 'pre'
  load(id: string): Promise<string | undefined>
}
