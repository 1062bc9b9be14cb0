import type { EventName, EventParams, Method, Params, Result, Role } from '../../shared/protocol/methods.ts'

/** What to do when only the daemon's user may pass. */
export const asOwner = 'run this as the user that runs proxyd, or as root'

/** Where a daemon's management protocol is reached. */
export type Target =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly cookieFile: string }
  | { readonly kind: 'unix'; readonly path: string }

export interface CallOptions {
  readonly signal?: AbortSignal
}

/** A logged-in connection to one daemon. It never reconnects: make another. */
export interface Client {
  /** The daemon's instance, new at each of its starts. */
  readonly instance: string
  readonly role: Role
  /** Call a method. Rejects with `RpcError` if the daemon refuses, `ConnectionError` if the connection ends first. */
  call<M extends Method>(method: M, params: Params<M>, options?: CallOptions): Promise<Result<M>>
  /** Hear an event until the returned function is called. Events that come before the first listener are not kept. */
  on<E extends EventName>(event: E, listener: (params: EventParams<E>) => void): () => void
  /** Resolves when the connection has ended, with the reason. Never rejects. */
  readonly closed: Promise<ConnectionError>
  close(): void
}

/** Why a daemon could not be reached, or was lost. `kind` decides the exit status and whether retrying makes sense. */
export class ConnectionError extends Error {
  readonly kind: 'unreachable' | 'timeout' | 'lost' | 'login' | 'protocol' | 'closed'

  constructor(kind: ConnectionError['kind'], message: string) {
    super(message)
    this.name = 'ConnectionError'
    this.kind = kind
  }
}
