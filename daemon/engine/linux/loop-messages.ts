import type { MessagePort } from 'node:worker_threads'
import type { Destination } from '../../net/destination.ts'
import type { Endpoint } from '../../net/endpoint.ts'
import type { Admission, Liveness, Login, Policy, Resolution, Timeouts, Tuning, UserChange } from '../engine.ts'

/** What the main thread and a loop say to each other. */

/** What a loop is started with; descriptors are its own from then on, but for `event`, which the main thread keeps. */
export interface LoopOptions {
  /** Which loop this is, from 0, and of how many. */
  readonly index: number
  readonly count: number
  readonly capacity: number
  readonly table: SharedArrayBuffer
  /** The `SharedCounts`. */
  readonly counts: SharedArrayBuffer
  /** The memory of `RelayPorts`. */
  readonly relayPorts: SharedArrayBuffer
  readonly maxSessions: number
  /** Sockets that sessions may have beside the two of each, all loops together. */
  readonly maxExtras: number
  /** Whether bulk can be spliced here; otherwise it is copied. */
  readonly splices: boolean
  readonly timeouts: Timeouts
  readonly policy: Policy
  readonly liveness: Liveness
  readonly listeners: readonly Listener[]
  /** Where all of the engine's sockets listen. */
  readonly listening: readonly Endpoint[]
  /** The eventfd that tells of messages. */
  readonly event: number
  readonly port: MessagePort
}

/** A listening socket. */
export interface Listener {
  readonly fd: number
  /** Where its clients are connected to without a negotiation, if it is a forward's. */
  readonly leadsTo: Destination | undefined
}

/** A session as another thread names it: the answer to an old question finds its slot given away. */
export interface SessionName {
  readonly slot: number
  readonly generation: number
}

/** To the main thread. */
export type LoopMessage =
  | (SessionName & { readonly type: 'resolve'; readonly name: string; readonly serial: number })
  | (SessionName & { readonly type: 'authenticate'; readonly login: Login })
  | { readonly type: 'warn'; readonly message: string }
  /** The order with this ticket has been carried out. */
  | { readonly type: 'done'; readonly ticket: number; readonly serials: readonly number[] }

/** To a loop: answers to its questions, and orders, which it confirms. */
export type MainMessage =
  | (SessionName & { readonly type: 'resolved'; readonly name: string; readonly found: Resolution | undefined })
  | (SessionName & { readonly type: 'authenticated'; readonly admission: Admission | undefined })
  | { readonly type: 'order'; readonly ticket: number; readonly order: Order }

export type Order =
  | { readonly type: 'apply'; readonly policy: Policy }
  | { readonly type: 'tune'; readonly tuning: Tuning }
  | { readonly type: 'userChanged'; readonly change: UserChange }
  | { readonly type: 'kill'; readonly serials: readonly number[] }
  /** Refuse new clients; done when the last session has ended. */
  | { readonly type: 'drain' }
  /** End every session and leave. */
  | { readonly type: 'stop' }
