/**
 * Sends from a thread of its own, so that compression, TLS and HTTP leave the main thread alone: for 50 000 spans a second a
 * third of its time (performance.md F).
 *
 * Invariant: where there can be no thread, or it ends, attempts are made from the main thread, and none is lost: what was
 * under way is to be tried again. The thread keeps no process alive, and nothing that the app preloads or sets runs in it.
 */
import { Worker } from 'node:worker_threads'
import { type Clock, type Diagnostics, messageOf, rejectOption, systemClock, untraced } from '@triscope/core'
import { availableCpus } from './available-cpus.ts'
import { ExportError } from './export-error.ts'
import { createGrpcSender, type GrpcSenderOptions } from './grpc-sender.ts'
import { type HttpSenderOptions, resolveEndpoint } from './http-endpoint.ts'
import type { Endpoint } from './http-result.ts'
import { resultOfTimeout } from './http-result.ts'
import { createHttpSender } from './http-sender.ts'
import { readOtlpAnswer } from './otlp-answer.ts'
import type { Sender, SendResult } from './sender.ts'
import type { FromWorker, ToWorker, WireResult, WorkerSpec } from './worker-main.ts'
import { workerSource } from './worker-source.ts'

/**
 * Where attempts are made. `auto` takes a thread where two CPUs or more may be used, from the second attempt on: a process
 * that sends once, at its end, never pays for one.
 */
export type SenderThread = 'auto' | 'worker' | 'main'

/** The sender of a thread: one of the two. */
export type ThreadedSenderOptions =
  | { readonly http: HttpSenderOptions }
  | { readonly grpc: GrpcSenderOptions }

/** Makes a sender that may have a thread. Throws `TRI_ERR_OPTION`, `TRI_ERR_UNKNOWN_OPTION`. @param thread @default 'auto' */
export function createThreadedSender(options: ThreadedSenderOptions, thread: SenderThread = 'auto'): Sender {
  if (thread !== 'auto' && thread !== 'worker' && thread !== 'main') {
    rejectOption('sender', '"auto", "worker" or "main"', thread)
  }
  const main = 'grpc' in options ? createGrpcSender(options.grpc) : createHttpSender(options.http)
  const spec = specOf(options)
  if (thread === 'main' || spec === undefined || workerSource === undefined) return main
  if (thread === 'auto' && availableCpus() < 2) return main
  return new WorkerSender(main, options, spec, workerSource, thread === 'worker' ? 0 : 1)
}

/** `undefined` where a foreign function reads the answers: it cannot go into another thread. */
export function specOf(options: ThreadedSenderOptions): WorkerSpec | undefined {
  const all = 'grpc' in options ? options.grpc : options.http
  const { readAnswer, clock: _clock, diagnostics: _diagnostics, ...rest } = all
  if (readAnswer !== undefined && readAnswer !== readOtlpAnswer) return undefined
  return {
    http: 'grpc' in options ? undefined : (rest as HttpSenderOptions),
    grpc: 'grpc' in options ? (rest as GrpcSenderOptions) : undefined,
    readsOtlp: readAnswer !== undefined,
  }
}

/** The timeout of the main thread comes first; the thread's own is for a main thread that forgot. */
const GRACE_MS = 1_000

/** @param source of the program that answers in the thread */
export class WorkerSender implements Sender {
  readonly #main: Sender
  readonly #spec: WorkerSpec
  readonly #source: string
  readonly #clock: Clock
  readonly #diagnostics: Diagnostics | undefined
  readonly #endpoint: Endpoint
  /** Attempts that are made from the main thread before a thread is started. */
  #before: number
  #worker: Worker | undefined
  #gone = false
  #lastId = 0
  readonly #open = new Map<number, (result: SendResult) => void>()

  constructor(
    main: Sender,
    options: ThreadedSenderOptions,
    spec: WorkerSpec,
    source: string,
    before: number,
  ) {
    const { clock, diagnostics } = 'grpc' in options ? options.grpc : options.http
    this.#main = main
    this.#spec = spec
    this.#source = source
    this.#clock = clock ?? systemClock
    this.#diagnostics = diagnostics
    this.#endpoint = endpointOf(options)
    this.#before = before
  }

  send(body: Uint8Array, timeoutMs: number): Promise<SendResult> {
    if (!this.#gone && this.#before-- <= 0) this.#worker ??= this.#started()
    const worker = this.#gone ? undefined : this.#worker
    if (worker === undefined) return this.#main.send(body, timeoutMs)
    return untraced(() => new Promise((resolve) => this.#post(worker, body, timeoutMs, resolve)))
  }

  close(): void {
    this.#main.close()
    this.#end(new ExportError('_OTHER', 'the sender is closed'))
  }

  #started(): Worker | undefined {
    try {
      // Neither what the app preloads nor its environment belongs into this thread.
      const options = { eval: true, execArgv: [], env: {}, name: 'triscope', workerData: this.#spec }
      const worker = untraced(() => new Worker(this.#source, options))
      worker.on('message', (message: FromWorker) => this.#heard(message))
      worker.on('error', (error) => this.#failed(worker, error))
      worker.on('exit', (code) => this.#failed(worker, new Error(`it ended with code ${code}`)))
      // Last, because to listen to its messages holds the process again.
      worker.unref()
      return worker
    } catch (error) {
      this.#fallBack(error)
      return undefined
    }
  }

  #post(worker: Worker, body: Uint8Array, timeoutMs: number, resolve: (result: SendResult) => void): void {
    const id = ++this.#lastId
    const timer = this.#clock.timer(timeoutMs, () => {
      this.#settle(id, resultOfTimeout(this.#endpoint, timeoutMs))
      worker.postMessage('discard' satisfies ToWorker)
    })
    this.#open.set(id, (result) => {
      timer.cancel()
      resolve(result)
    })
    // A copy, because the body may be needed again; its memory moves over instead of being copied once more. Not
    // `slice`, which of a Buffer is a view of memory that is not ours to give away.
    const copy = new Uint8Array(body)
    const message: ToWorker = {
      id,
      body: copy,
      timeoutMs: timeoutMs + GRACE_MS,
      wallMs: this.#clock.wallMs(),
    }
    try {
      worker.postMessage(message, [copy.buffer])
    } catch (error) {
      this.#failed(worker, error)
    }
  }

  #heard(message: FromWorker): void {
    if ('id' in message) this.#settle(message.id, fromWire(message.result))
    else this.#diagnostics?.failed(message.code, new Error(message.message))
  }

  #settle(id: number, result: SendResult): void {
    const settle = this.#open.get(id)
    this.#open.delete(id)
    settle?.(result)
  }

  #failed(worker: Worker, error: unknown): void {
    if (this.#worker !== worker) return
    this.#fallBack(error)
    this.#end(new ExportError('_OTHER', `the sending thread ended: ${messageOf(error)}`, error))
  }

  #fallBack(error: unknown): void {
    this.#gone = true
    this.#diagnostics?.failed(
      'TRI_WARN_SENDER_THREAD',
      new Error(
        `there is no thread to send from (${messageOf(error)}); sending goes on from the main thread`,
        {
          cause: error,
        },
      ),
    )
  }

  /** What is under way can be tried at once from the main thread. */
  #end(cause: ExportError): void {
    const worker = this.#worker
    this.#gone = true
    this.#worker = undefined
    for (const id of [...this.#open.keys()]) this.#settle(id, { kind: 'retry', afterMs: 0, cause })
    void worker?.terminate()
  }
}

function endpointOf(options: ThreadedSenderOptions): Endpoint {
  if ('http' in options) return resolveEndpoint(options.http)
  const { method: _method, ...rest } = options.grpc
  return resolveEndpoint({ ...rest, contentType: 'application/grpc' })
}

function fromWire(result: WireResult): SendResult {
  if (result.kind === 'accepted') return result
  const cause = new ExportError(result.errorType, result.message)
  if (result.kind === 'refused') return { kind: 'refused', cause }
  return { kind: 'retry', cause, ...(result.afterMs === undefined ? {} : { afterMs: result.afterMs }) }
}
