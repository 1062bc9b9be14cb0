import type { MessagePort } from 'node:worker_threads'
import type { Endpoint } from '../../net/endpoint.ts'
import type { Network } from '../../net/network.ts'
import type { Listener } from '../../sockets/listeners.ts'
import type { Admission, Liveness, Login, Orders, Policy, Resolution, RuleMemory, Timeouts } from '../engine.ts'

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
  readonly own: LoopMemory
  /** The memory of `LimitLines`. */
  readonly limitLines: SharedArrayBuffer
  /** The memory of `BannedSources`. */
  readonly banned: SharedArrayBuffer
  /** The memory of `SourceLines`. */
  readonly sourceLines: SharedArrayBuffer
  /** The memory of `KnownSources`. */
  readonly known: SharedArrayBuffer
  /** See `EngineOptions`. */
  readonly balancers: readonly Network[]
  readonly maxSessions: number
  /** Sockets that sessions may have beside the two of each, all loops together. */
  readonly maxExtras: number
  /** BINDs that have a port, or had one lately, likewise. */
  readonly maxBinds: number
  /** Whether bulk can be spliced here; otherwise it is copied. */
  readonly splices: boolean
  readonly timeouts: Timeouts
  readonly policy: Policy
  readonly rules: RuleMemory
  readonly liveness: Liveness
  readonly listeners: readonly Listener<number>[]
  /** Whether it takes clients at once, for it goes on where another loop has died. */
  readonly replaces: boolean
  /** Where all of the engine's sockets listen. */
  readonly listening: readonly Endpoint[]
  /** The eventfd that tells of messages. */
  readonly event: number
  readonly port: MessagePort
}

/** What one loop has, in memory for the main thread to give it back if the loop dies. */
export interface LoopMemory {
  /** Int32, by half: the sockets of the sessions. */
  readonly sockets: SharedArrayBuffer
  /** Of `OpenDescriptors`. */
  readonly openDescriptors: SharedArrayBuffer
  /** Of `Places`. */
  readonly places: SharedArrayBuffer
  /** Of `Budget`: who waits for credit. */
  readonly waiting: SharedArrayBuffer
  /** Of `RelayPorts`: those that are its own. */
  readonly relayPorts: SharedArrayBuffer
}

/** A session as another thread names it: the answer to an old question finds its slot given away. */
export interface SessionName {
  readonly slot: number
  readonly generation: number
}

/** To the main thread. */
export type LoopMessage =
  | (SessionName & { readonly type: 'resolve'; readonly name: string; readonly serial: number })
  | (SessionName & { readonly type: 'authenticate'; readonly login: Login; readonly serial: number })
  | { readonly type: 'warn'; readonly message: string }
  /** The order with this ticket has been carried out. */
  | { readonly type: 'done'; readonly ticket: number; readonly serials: readonly number[] }

/** To a loop: answers to its questions, and orders, which it confirms. */
export type MainMessage =
  | (SessionName & { readonly type: 'resolved'; readonly name: string; readonly found: Resolution | undefined })
  | (SessionName & { readonly type: 'authenticated'; readonly admission: Admission | undefined })
  | { readonly type: 'order'; readonly ticket: number; readonly order: Order }

/** What a loop is ordered to do, and with what. */
export interface LoopOrders extends Orders {
  /** Take clients from now on. */
  readonly accept: undefined
  /** Refuse new clients; done when the last session has ended, or other sockets have come. */
  readonly drain: undefined
  /** Take clients from these sockets, after a drain. */
  readonly undrain: readonly Listener<number>[]
  /** End every session and leave. */
  readonly stop: undefined
}

export type Order = {
  readonly [Kind in keyof LoopOrders]: { readonly kind: Kind; readonly value: LoopOrders[Kind] }
}[keyof LoopOrders]
