import { RpcError } from '../../shared/protocol/errors.ts'
import { methods, type Role } from '../../shared/protocol/methods.ts'
import type { ScramKeys, ServerExchange } from '../../shared/protocol/scram.ts'
import { roles } from '../../shared/protocol/vocabulary.ts'
import { Turns } from '../turns.ts'

/** How a client reached us. */
export type Via = 'unix' | 'tcp' | 'tls'

export interface Identity {
  readonly name: string
  readonly role: Role
  /** A named operator; not so whoever could open the Unix socket or read the cookie, all of them called `local`. */
  readonly isNamed: boolean
  /** The node of the fleet where they have asked for it; undefined: here. */
  readonly node?: string
}

const stranger: Identity = { name: '', role: 'anyone', isNamed: false }

/** Whoever could open the Unix socket or read the cookie. */
export function someoneLocal(role: Role): Identity {
  return { name: 'local', role, isNamed: false }
}

/** A login that has begun, and the keys that it is judged by; undefined for an unknown name. */
export interface Login {
  readonly exchange: ServerExchange
  readonly keys: ScramKeys | undefined
  /** Whose failure it is until it succeeds; undefined: nobody's. */
  readonly countedAs: string | undefined
}

/** Topics that a client can follow, each once. */
export type Topic = 'metrics' | 'connections' | 'users' | 'log' | 'access' | 'events' | 'watches' | 'bans' | 'audit'

/** What a feed may do to a client's connection. */
export interface Outlet {
  /** Whether a push may be sent now. Once it may again, `Subscription.pump` is called. */
  readonly ready: boolean
  send(line: string): void
}

/** One client's share in a feed. */
export interface Subscription {
  /** Send what waits, as long as the outlet is ready. */
  pump(): void
  stop(): void
}

/** Throws `RpcError` if a session must not become this one's. */
export type Admit = (session: Session, identity: Identity) => void

/** What was agreed on one connection, and who is at its other end: all that handlers see of it. */
export class Session {
  readonly via: Via
  readonly address: string
  readonly outlet: Outlet
  /** Once the protocol version is agreed on. */
  started = false
  login: Login | undefined
  /** Why the connection ends once the replies that are due have been sent. */
  goodbyeReason: string | undefined
  readonly #admit: Admit
  readonly #subscriptions = new Map<Topic, Subscription>()
  #identity = stranger
  #readOnly = false
  #lastRead: Promise<unknown> = Promise.resolve()
  readonly #changes = new Turns()
  #isOver = false

  constructor(via: Via, address: string, outlet: Outlet, admit: Admit) {
    this.via = via
    this.address = address
    this.outlet = outlet
    this.#admit = admit
  }

  get identity(): Identity {
    return this.#identity
  }

  /** Whoever is at the other end has proved to be this. Throws `RpcError` if there is no room for another. */
  logIn(identity: Identity): void {
    this.#admit(this, identity)
    this.#identity = identity
  }

  /** Throws `RpcError` for who may not do what is for this role, or whose session is over. */
  demandRole(demanded: Role): void {
    if (this.#isOver) throw new RpcError('unavailable', 'this session is over, so no more is done in its name')
    if (isAtLeast(this.identity.role, demanded)) return
    if (!this.isLoggedIn) throw new RpcError('auth_required', 'log in first')
    throw new RpcError('forbidden', `only for the role ${demanded}`)
  }

  get topics(): Iterable<Topic> {
    return this.#subscriptions.keys()
  }

  get isSubscribed(): boolean {
    return this.#subscriptions.size > 0
  }

  get isLoggedIn(): boolean {
    return this.identity.role !== 'anyone'
  }

  /** The named operator that this is a session of. */
  get operator(): string | undefined {
    return this.identity.isNamed ? this.identity.name : undefined
  }

  /** Whether it has given up all that the audit tells of. */
  get readOnly(): boolean {
    return this.#readOnly
  }

  /** From now on it changes nothing, whatever its role. */
  limitToReading(): void {
    this.#readOnly = true
  }

  /** From now on this role at most. What it must not follow, it follows no longer. */
  limitTo(role: Role): void {
    if (!isAtLeast(this.identity.role, role)) return
    this.#identity = { ...this.identity, role }
    for (const topic of this.#subscriptions.keys()) {
      if (!isAtLeast(role, methods[`${topic}.subscribe`].role)) this.unsubscribe(topic)
    }
  }

  /** Follow a topic, afresh if it was followed already. Throws `RpcError` for who has lost the right to since they asked. */
  subscribe(topic: Topic, begin: (outlet: Outlet) => Subscription): void {
    this.demandRole(methods[`${topic}.subscribe`].role)
    this.unsubscribe(topic)
    this.#subscriptions.set(topic, begin(this.outlet))
  }

  unsubscribe(topic: Topic): void {
    this.#subscriptions.get(topic)?.stop()
    this.#subscriptions.delete(topic)
  }

  /**
   * Reads something long, such as a page of files, once what was asked before is read: the threads that read for all have one
   * thing to do for each client, not all that it has asked for. Rejects with `RpcError` if the client has gone.
   */
  read<T>(long: () => T | Promise<T>): Promise<T> {
    const result = this.#lastRead.then(() => {
      if (this.#isOver) throw new RpcError('unavailable', 'whoever asked has gone')
      return long()
    })
    this.#lastRead = result.catch(() => {})
    return result
  }

  /** Makes a change once those that were asked for before are made: what it asks for may hang on them. Settles as it does. */
  change<T>(make: () => Promise<T>): Promise<T> {
    return this.#changes.take(make)
  }

  /** Whoever is at the other end has been removed: they hear what became of what they have asked for, and no more is done. */
  dismiss(reason: string): void {
    this.goodbyeReason = reason
    this.end()
  }

  /** The outlet is ready again. */
  pump(): void {
    for (const subscription of this.#subscriptions.values()) subscription.pump()
  }

  end(): void {
    this.#isOver = true
    for (const subscription of this.#subscriptions.values()) subscription.stop()
    this.#subscriptions.clear()
  }
}

/** Whether whoever is `role` may do what is for `demanded`. */
export function isAtLeast(role: Role, demanded: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(demanded)
}
