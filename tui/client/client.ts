import type { EventName, EventParams, Method, Params, Result, Role } from '../../shared/protocol/methods.ts'
import type { ConnectionError } from './error.ts'

export interface CallOptions {
  /** Gives up waiting: the call rejects with the signal's reason. The daemon may carry it out all the same. */
  readonly signal?: AbortSignal | undefined
}

export interface EventOptions {
  /** How many events may wait to be taken, at least 1; 128 unless told. Beyond that the oldest are dropped. */
  readonly limit?: number | undefined
  /** Ends the iteration, as `break` does. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Events to go through with `for await`. Ends by `break`, or when the signal aborts; once the connection has ended it
 * gives what still waits, and then throws `ConnectionError`.
 */
export interface EventStream<T> extends AsyncIterableIterator<T> {
  /** How many events were dropped so far, because they were not taken in time. */
  readonly lost: number
}

/** A logged-in connection to one daemon. It never reconnects: make another, or use `followDaemon`. */
export interface Client {
  /** The daemon's instance, new at each of its starts. */
  readonly instance: string
  readonly role: Role
  /**
   * Call a method. Rejects with `RpcError` if the daemon refuses or would (`too_large`: the request has more than 1 MiB), with `ConnectionError` if the connection ends first
   * or the result is wrong (code `malformed`), and with the signal's reason if that aborts first: give
   * `AbortSignal.timeout(ms)` to wait no longer.
   */
  call<M extends Method>(method: M, params: Params<M>, options?: CallOptions): Promise<Result<M>>
  /**
   * Go through events of one name from now on. They begin to gather at once, so ask for them before you subscribe:
   * nothing is missed then.
   */
  events<E extends EventName>(event: E, options?: EventOptions): EventStream<EventParams<E>>
  /** Hear an event at once, until the returned function is called. `events` is made of this. */
  on<E extends EventName>(event: E, listener: (params: EventParams<E>) => void): () => void
  /** Resolves when the connection has ended, with the reason. Never rejects. */
  readonly closed: Promise<ConnectionError>
  /** End it here; `reason`: what those who wait are told. */
  close(reason?: ConnectionError): void
}
