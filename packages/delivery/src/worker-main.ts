/**
 * What runs in the sending thread: it makes the attempts that the main thread asks for, one after the other.
 *
 * Invariant: each attempt is answered once, and nothing here keeps the process alive: the thread is not referenced.
 */
import type { MessagePort } from 'node:worker_threads'
import { createDiagnostics, systemClock } from '@triscope/core'
import { errorTypeOf } from './export-error.ts'
import { createGrpcSender, type GrpcSenderOptions } from './grpc-sender.ts'
import type { HttpSenderOptions } from './http-endpoint.ts'
import { createHttpSender } from './http-sender.ts'
import { readOtlpAnswer } from './otlp-answer.ts'
import type { Sender, SendResult } from './sender.ts'

/** What cannot be sent to a thread. */
type Functions = 'readAnswer' | 'clock' | 'diagnostics'

/** The sender to make there. */
export interface WorkerSpec {
  readonly http: Omit<HttpSenderOptions, Functions> | undefined
  readonly grpc: Omit<GrpcSenderOptions, Functions> | undefined
  readonly readsOtlp: boolean
}

/** From the main thread. */
export type ToWorker =
  | {
      readonly id: number
      readonly body: Uint8Array
      readonly timeoutMs: number
      /** What the clock of the main thread says, for dates in answers. */
      readonly wallMs: number
    }
  /** An attempt was given up: its connection is not to be trusted. */
  | 'discard'

/** To the main thread. */
export type FromWorker =
  | { readonly id: number; readonly result: WireResult }
  | { readonly code: `TRI_WARN_${string}`; readonly message: string }

/** A `SendResult`, whose cause is an error of ours. */
export type WireResult =
  | Extract<SendResult, { kind: 'accepted' }>
  | {
      readonly kind: 'retry' | 'refused'
      readonly afterMs?: number | undefined
      readonly errorType: string
      readonly message: string
    }

/** Answers what comes through `port`. */
export function serveSends(port: MessagePort, spec: WorkerSpec): void {
  let aheadMs = 0
  const clock = { ...systemClock, wallMs: () => systemClock.wallMs() + aheadMs }
  const diagnostics = createDiagnostics({
    onMessage: ({ code, message }) => tell({ code: code as `TRI_WARN_${string}`, message }),
  })
  const parts = { clock, diagnostics, ...(spec.readsOtlp ? { readAnswer: readOtlpAnswer } : {}) }
  let sender = create()
  port.on('message', (message: ToWorker) => {
    if (message === 'discard') {
      sender.close()
      sender = create()
      return
    }
    const { id, body, timeoutMs, wallMs } = message
    aheadMs = wallMs - systemClock.wallMs()
    void sender.send(body, timeoutMs).then((result) => tell({ id, result: toWire(result) }))
  })

  function tell(message: FromWorker): void {
    port.postMessage(message)
  }

  function create(): Sender {
    if (spec.grpc !== undefined) return createGrpcSender({ ...spec.grpc, ...parts })
    return createHttpSender({ ...(spec.http as HttpSenderOptions), ...parts })
  }
}

function toWire(result: SendResult): WireResult {
  if (result.kind === 'accepted') return result
  const { cause, kind } = result
  const message = cause instanceof Error ? cause.message : String(cause)
  return {
    kind,
    errorType: errorTypeOf(cause),
    message,
    ...(kind === 'retry' ? { afterMs: result.afterMs } : {}),
  }
}
