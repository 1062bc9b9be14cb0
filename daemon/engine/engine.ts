import type { Egress } from '../net/egress.ts'
import type { Endpoint } from '../net/endpoint.ts'
import type { Network } from '../net/network.ts'
import type { NamedSocket } from '../sockets/handed-sockets.ts'
import type { ListenOptions } from '../sockets/listeners.ts'
import type { Terms } from '../socks/conversation.ts'
import type { SessionTable } from './session-table.ts'

/** Milliseconds, each from 100 to a day; see the settings table for what they bound. */
export interface Timeouts {
  readonly negotiation: number
  readonly resolve: number
  readonly connect: number
  readonly idle: number
  readonly halfClosed: number
  /** Of an association, without a datagram from its client. */
  readonly udp: number
  /** For the connection that a BIND waits for. */
  readonly bind: number
}

/** How the kernel tells that the other end of a connection has gone without a word (tcp(7)). */
export interface Liveness {
  /** Seconds without a packet until the other end is asked, from 1 to 32,767 (TCP_KEEPIDLE); 0: never. */
  readonly keepalive: number
  /** Milliseconds that sent bytes may stay unacknowledged (TCP_USER_TIMEOUT); 0: as the system has it. */
  readonly userTimeout: number
}

/** What can change while sessions live. Replaced whole by the order `tune`. */
export interface Tuning {
  /** Sessions at once, all loops together; beyond `Engine.capacity` it counts as that. */
  readonly maxSessions: number
  readonly timeouts: Timeouts
  /** Of connections that begin from now on. */
  readonly liveness: Liveness
}

export interface EngineOptions extends Tuning, ListenOptions {
  readonly workers: number
  /** Sessions to make room for: the most that `maxSessions` can ever come to. */
  readonly capacity: number
  readonly policy: Policy
  /**
   * Who passes on the connections of others to SOCKS, and must say whose each is (PROXY protocol); nobody else may connect there
   * then. None: whoever connects is the client.
   */
  readonly balancers: readonly Network[]
  /** The memory of `LimitLines`: the control plane writes who may use what, loops what is used. */
  readonly limitLines: SharedArrayBuffer
  /** The memory of `SourceLines`, which loops write. */
  readonly sourceLines: SharedArrayBuffer
  /** The memory of `BannedSources`, which the control plane writes. */
  readonly banned: SharedArrayBuffer
  /** The memory of `KnownSources`, which loops write. */
  readonly known: SharedArrayBuffer
  readonly rules: RuleMemory
}

/** The rules, in memory that the control plane shares with all loops. */
export interface RuleMemory {
  /** What `compileRules` made. */
  readonly rules: SharedArrayBuffer
  /** Of `RuleHits`, for these rules and as many loops. */
  readonly hits: SharedArrayBuffer
  /** By the rule's id, of rules that say so: where what they allow leaves from (see `Egress.from`), in the user's mode. */
  readonly via: ReadonlyMap<number, readonly string[]>
}

/** What the control plane decides and a session obeys. The orders `apply` and `ways` change it. */
export interface Policy extends Terms {
  /** Sources whose clients need no login; of several, the first counts. */
  readonly trusted: readonly TrustedSource[]
  /** Literals that clients are told in place of the relay's own address for datagrams, for NAT; of each family the first counts. */
  readonly udpAdvertise: readonly string[]
  /** Whether a client must declare the port that its datagrams will come from (else REP 02). */
  readonly udpPortRequired: boolean
  /** Where clients may not be connected to (REP 02): the daemon's own sockets for management, beside those of the engine. See `OwnSockets`. */
  readonly forbidden: readonly Endpoint[]
  /** By user's index, of those that may not come from everywhere: where from. Whoever is elsewhere is cut, or gets REP 02. */
  readonly sources: ReadonlyMap<number, readonly Network[]>
  /** By user's index, of those whose connections leave from addresses of their own, or from those of a rule in turns. */
  readonly egress: ReadonlyMap<number, Egress>
}

/** Where clients need no login. */
export interface TrustedSource {
  readonly network: Network
  /** The index of the user whose their sessions are; 0: nobody's. */
  readonly user: number
}

/** A login (RFC 1929) as a client gave it. */
export interface Login {
  readonly username: Uint8Array
  readonly password: Uint8Array
  /** The client's address: 16 bytes, an IPv4 one v4-mapped. */
  readonly source: Uint8Array
}

/** Who a good login makes of a client. */
export interface Admission {
  /** The user's index, 1 to 65,535; stable while the user exists. */
  readonly user: number
  /** The revision of the users when the login was found good. A loop that has heard of a later change to this user asks again. */
  readonly revision: number
}

/** Whom a name is looked up for. */
export interface Asker {
  /** The user's index; 0 without a login. */
  readonly user: number
  /** The client's address: 16 bytes, an IPv4 one v4-mapped. */
  readonly source: Uint8Array
  /** Whether the answer is still of use. */
  isWaiting(): boolean
}

/** What is known of a name. */
export interface Resolution {
  /** Literals, in the order in which they are to be tried, at most 32; none if the name has none. */
  readonly addresses: readonly string[]
  /** Milliseconds for which that may be remembered. */
  readonly lasts: number
}

/** What the engine asks of the control plane. Neither rejects. */
export interface EngineServices {
  /**
   * Undefined for a wrong login. A login that is crowded out by others gets no answer at all: the client's deadline ends
   * its session, for a refusal would be taken for a wrong password; nor has one when `isWaiting` says that the client has gone.
   */
  authenticate(login: Login, isWaiting: () => boolean): Promise<Admission | undefined>
  /** What is known of the name; undefined if it was not looked up, for too many wait or the asker does not any more. */
  resolve(name: string, asker: Asker): Promise<Resolution | undefined>
  /** Something an operator should know: one line, no secrets. */
  warn(message: string): void
  /** A fault of ours, which the engine has mended. */
  fault(error: unknown, message: string): void
}

/**
 * What the control plane may order while sessions live, and with what: one line here, and what each engine does about it.
 * Every order resolves when all loops act by it, to the serials of the sessions that it ended.
 */
export interface Orders {
  /** What changes of the policy, for what is asked for from now on. */
  readonly apply: Partial<Omit<Policy, keyof WayChange>>
  /** Which users come from or leave from elsewhere than before. Live sessions of those who may not be where they are end. */
  readonly ways: WayChange
  /**
   * Live sessions obey a new timeout from their next stage on, those that relay at once, from their last byte on. A lower
   * `maxSessions` ends nobody.
   */
  readonly tune: Tuning
  /**
   * Judge by these rules from now on, and end the live sessions that they deny. Given again as they are, they judge the live
   * ones anew.
   */
  readonly judge: RuleMemory
  /** Forget what is remembered of a user's login; perhaps end their sessions. */
  readonly userChanged: UserChange
  /**
   * The lines of limits have changed: live sessions obey at once, and those whose users are barred end for that reason.
   * Without it they are obeyed by what begins from now on.
   */
  readonly limit: undefined
  /** End the sessions with these serials, those of them that live. */
  readonly kill: readonly number[]
  /** Loops that have threads of their own, and nobody connected, give back what their heaps have left over (`shrinkHeap`). */
  readonly shrink: undefined
}

/** Where users may come from, and their connections leave from, by index: of those for whom it changes. */
export interface WayChange {
  /** Undefined: from everywhere. */
  readonly sources?: ReadonlyMap<number, readonly Network[] | undefined>
  /** Undefined: from wherever the system or a rule says. */
  readonly egress?: ReadonlyMap<number, Egress | undefined>
}

/** A change to users: all that loops must know of it, in one order. */
export interface UserChange {
  /** The user's index; 0 if the change is to nobody in particular. */
  readonly user: number
  /** Of the users, with this change. */
  readonly revision: number
  /** Whether that user's live sessions end now. */
  readonly cut: boolean
  /** Whether clients must log in from now on. */
  readonly passwordRequired: boolean
}

/**
 * The data plane. The control plane reads `tables` (shared memory) whenever it likes; it never touches a proxied byte.
 */
export interface Engine {
  readonly kind: 'linux' | 'portable'
  /** One per loop; live until `close`. */
  readonly tables: readonly SessionTable[]
  /** By loop that may die without the process: how often another has taken its place. */
  readonly restarts: readonly number[]
  /** Sessions that there is room for; fewer than were asked for if the process may not have descriptors for so many. */
  readonly capacity: number
  /** The sockets listened on, with their real ports, in the order asked for. */
  readonly listening: readonly Endpoint[]
  /** The sockets of `EngineOptions.forwards`, likewise. */
  readonly forwarding: readonly Endpoint[]
  /** The memory of `RelayPorts`. */
  readonly relayPorts: SharedArrayBuffer
  /** All sockets listened on, as long as it neither drains nor ends: for a process that is to listen on them, too. */
  readonly sockets: readonly NamedSocket[]
  /** Take clients: before it they wait, or go to another process that listens there, too. */
  accept(): Promise<void>
  order<Kind extends keyof Orders>(kind: Kind, value: Orders[Kind]): Promise<number[]>
  /** Refuse new clients from now on. Resolves when the last live session has ended; after `undrain` it says nothing. */
  drain(): Promise<void>
  /**
   * Take clients again after a drain, on the same endpoints. Rejects with `ListenError` if one is not to be had any more, and then
   * refuses clients as before.
   */
  undrain(): Promise<void>
  /** End everything that lives and give every descriptor back. */
  close(): Promise<void>
}
