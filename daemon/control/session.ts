import type { Role } from '../../shared/protocol/methods.ts'
import type { ServerExchange } from '../../shared/protocol/scram.ts'
import type { Outlet, Subscription } from './subscription.ts'

/** How a client reached us. */
export type Via = 'unix' | 'tcp'

export interface Identity {
  readonly name: string
  readonly role: Role
}

const stranger: Identity = { name: '', role: 'anyone' }

/** Topics that a client can follow, each once. */
export type Topic = 'metrics' | 'connections' | 'log'

/** What was agreed on one connection, and who is at its other end: all that handlers see of it. */
export class Session {
  readonly via: Via
  /** Whom failed logins are counted against. */
  readonly address: string
  readonly outlet: Outlet
  /** Once the protocol version is agreed on. */
  started = false
  /** A login that has begun. */
  login: ServerExchange | undefined
  identity = stranger
  readonly #subscriptions = new Map<Topic, Subscription>()

  constructor(via: Via, address: string, outlet: Outlet) {
    this.via = via
    this.address = address
    this.outlet = outlet
  }

  get isLoggedIn(): boolean {
    return this.identity.role !== 'anyone'
  }

  /** Follow a topic, afresh if it was followed already. */
  subscribe(topic: Topic, begin: (outlet: Outlet) => Subscription): void {
    this.unsubscribe(topic)
    this.#subscriptions.set(topic, begin(this.outlet))
  }

  unsubscribe(topic: Topic): void {
    this.#subscriptions.get(topic)?.stop()
    this.#subscriptions.delete(topic)
  }

  /** The outlet is ready again. */
  pump(): void {
    for (const subscription of this.#subscriptions.values()) subscription.pump()
  }

  end(): void {
    for (const subscription of this.#subscriptions.values()) subscription.stop()
    this.#subscriptions.clear()
  }
}
