/** What a delivery hands its bytes to. A sender knows one protocol and one endpoint, and nothing of queues or retries. */

/** How one attempt ended. */
export type SendResult =
  | {
      /** The backend has the records, or has said which it does not want: nothing is sent again. */
      kind: 'accepted'
      /** How many of the records it does not want. */
      rejected?: number
      /** What they are counted as: `TOO_LARGE` where they could never be sent. @default 'REFUSED' */
      reason?: 'REFUSED' | 'TOO_LARGE'
      /** What the backend had to say, for a human, with the endpoint in it. */
      message?: string
    }
  | {
      /** The same bytes may be sent again: the backend is away, or busy. */
      kind: 'retry'
      /** Milliseconds to wait at least, as the backend asked; 0 says at once. */
      afterMs?: number
      /** What happened; its message names the endpoint, never a secret. */
      cause: unknown
    }
  | {
      /** The same bytes would be refused again. */
      kind: 'refused'
      /** What happened; its message names the endpoint, never a secret. */
      cause: unknown
    }

/** Makes attempts over one protocol at one endpoint. A delivery has one of its own, never two attempts at once. */
export interface Sender {
  /** Makes one attempt and settles within `timeoutMs`. Never rejects. */
  send(body: Uint8Array, timeoutMs: number): Promise<SendResult>
  /** Lets go of sockets; an attempt under way ends soon, in any kind of result. Safe twice. */
  close(): void
}
