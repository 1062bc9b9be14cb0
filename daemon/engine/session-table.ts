import { Protocol } from '../socks/conversation.ts'
import { Command } from '../socks/messages.ts'
import { Durations, dialResults, resolveResults } from './durations.ts'
import { EndedRing } from './ended-ring.ts'
import { turnCells } from './turn-record.ts'

/**
 * The sessions of one loop, live and recently closed, and its counters, in shared memory: the loop writes, the control
 * plane reads whenever it likes, and neither waits for the other. Columns, not objects, so that a held connection costs
 * little. Pages that no session has touched cost no memory.
 */

/** Where a session stands; the values are in `connectionStates` order of the management protocol. */
export const State = { negotiating: 0, resolving: 1, connecting: 2, listening: 3, open: 4, closing: 5 } as const
export type State = (typeof State)[keyof typeof State]

/** A session's command if its client asked for nothing: it came to a port that leads to one place only. */
export const forwarded = 4

/** What a session is told to have asked for whose command is CONNECT, for a request of HTTP that goes on. */
const passedOn = 5

/** Whatever a session may have asked for, none of it included. */
const commandCount = 6

/** Whatever clients may speak, what is not known included. */
const protocolCount = 5

/** How many states there are. */
export const stateCount = 6

/** Why a session ended; the values are in the order of `shared/end-reasons.ts`. */
export const Reason = {
  denied: 0,
  malformed: 1,
  unsupported: 2,
  forbidden: 3,
  limitUser: 4,
  limitSource: 5,
  rate: 6,
  sources: 7,
  quota: 8,
  expired: 9,
  notFound: 10,
  unreachable: 11,
  refused: 12,
  timedOut: 13,
  silent: 14,
  gone: 15,
  failed: 16,
  finished: 17,
  reset: 18,
  idle: 19,
  cut: 20,
  ended: 21,
  revoked: 22,
} as const
export type Reason = (typeof Reason)[keyof typeof Reason]

const reasonCount = 23

/**
 * Counters of a whole loop; they only grow. `failed`: sessions that ended before they reached their destination; `loggedIn` and
 * `denied`: logins, good and wrong; `nameKnown`: names of which the loop itself remembered the addresses; `paced`: milliseconds
 * that a direction waited for a limit's credit; `ruled`: how often a rule, a built-in one included, decided for or against somebody;
 * `shed`: clients that were reset since there was no room, silent ones who had a place, and newcomers.
 */
export const Total = {
  accepted: 0,
  connected: 1,
  up: 2,
  down: 3,
  failed: 4,
  loggedIn: 5,
  denied: 6,
  nameKnown: 7,
  pacedUp: 8,
  pacedDown: 9,
  relayedUp: 10,
  relayedDown: 11,
  droppedUp: 12,
  droppedDown: 13,
  ruledFor: 14,
  ruledAgainst: 15,
  strange: 16,
  malformed: 17,
  late: 18,
  left: 19,
  shedSilent: 20,
  shedNewcomers: 21,
} as const
export type Total = (typeof Total)[keyof typeof Total]

/** Users have an index from 1 up to this; 0 stands for all clients without login. */
export const maxUsers = 65_536

/**
 * Ended sessions that a table has room for: the last ones, but for the one that is being written. They are 3.2 MB, and at
 * 50,000 a second whoever reads them may be late by a sixth of a second.
 */
export const endedCapacity = 8192

const totalCount = 22

/** Where clients come in. */
export const Door = { socks: 0, forward: 1 } as const
export type Door = (typeof Door)[keyof typeof Door]
/** `own`: a balancer comes to SOCKS for itself, perhaps only to see whether we live. */
export type Entrance = Door | 'own'
const doorCount = 2

/** What came of a session whose name, or whose destination, was not to be had: see `resolveResults` and `dialResults`. */
const unresolved: ReadonlyMap<Reason, (typeof resolveResults)[number]> = new Map([
  [Reason.notFound, 'not_found'],
  [Reason.timedOut, 'timed_out'],
])
const unreached: ReadonlyMap<Reason, (typeof dialResults)[number]> = new Map([
  [Reason.refused, 'refused'],
  [Reason.timedOut, 'timed_out'],
  [Reason.unreachable, 'unreachable'],
])
const resolveResultBy = resultsBy(resolveResults, unresolved)
const dialResultBy = resultsBy(dialResults, unreached)
const addressBytes = 16
/** A domain name's length octet and its bytes (RFC 1928, section 5). */
const nameBytes = 256

/**
 * A row is a slot below `capacity`, where a session lives, or one of the `endedCapacity` behind, a ring of copies of
 * sessions that have ended. The guard of a live row is odd while it is being changed, and another one afterwards: who
 * reads the same even guard before and after has read one state of it. Only what is counted and `paced` change without it.
 */
export class SessionTable {
  readonly capacity: number
  readonly buffer: SharedArrayBuffer

  /** By slot; see above, and `readSteadily`. */
  readonly guard: Int32Array
  /** 0: nobody's. */
  readonly serial: Float64Array
  readonly state: Uint8Array
  /** By row and state: when it began; 0: never. The first one is when the session did. Times are of `performance.now`. */
  readonly since: Float64Array
  /** Of an ended row, and of a live one that is closing: a `Reason`. */
  readonly reason: Uint8Array
  /** Of an ended row: when it did. */
  readonly closed: Float64Array
  /** What the client asked for: CMD (RFC 1928, section 4), `forwarded`, or 0 until it has. */
  readonly command: Uint8Array
  /** What the client speaks: a `Protocol`, or 0 until that is known. */
  readonly protocol: Uint8Array
  /** The user's index. */
  readonly user: Uint16Array
  /** Bytes delivered from the client to its destination, and back. */
  readonly up: Float64Array
  readonly down: Float64Array
  /** Which limit paces it now: a `PacedBy`. */
  readonly paced: Uint8Array
  /** Milliseconds that its directions have waited for a limit's credit, together. */
  readonly pacedFor: Float64Array
  /** Datagrams that were dropped for a limit. */
  readonly dropped: Float64Array
  /** Addresses are 16 bytes a row, IPv4 as ::ffff:a.b.c.d (RFC 4291, section 2.5.5.2). */
  readonly clientAddress: Uint8Array
  readonly clientPort: Uint16Array
  /**
   * The address that was asked for or, of a name, is dialled; all zero until there is one. The requested port; 0: nothing
   * asked for yet.
   */
  readonly targetAddress: Uint8Array
  readonly targetPort: Uint16Array
  /**
   * 256 bytes a row: a length octet (0: the request gave an address), then the name that was asked for; of a session that
   * has asked for nothing, since its login was wrong, the user name that it tried.
   */
  readonly name: Uint8Array
  /** The number of the rule that has decided about the session; 0: none has. */
  readonly rule: Int32Array

  /** By `Total`. */
  readonly totals: Float64Array
  /** By `Door` and then by family, IPv4 first: clients that came in; these only grow. */
  readonly arrived: Float64Array
  /** By what was `asked` for and then by `Reason`: sessions that ended for it; these only grow. See `endedFor`. */
  readonly ended: Float64Array
  /** By `Protocol`: sessions that ended; these only grow. */
  readonly spoken: Float64Array
  /**
   * By user index: live sessions, and the bytes of all that ever logged in as that user. A session belongs to 0 until
   * it has logged in.
   */
  readonly userSessions: Int32Array
  readonly userUp: Float64Array
  readonly userDown: Float64Array
  /** By user index: sessions that have ended; this only grows. */
  readonly userEnded: Float64Array
  /** By user index: how often rules have refused them something, which only grows, and by the number of which rule last. */
  readonly userForbidden: Float64Array
  readonly userForbiddenBy: Int32Array
  /** One cell of a loop's: the serial of its next session. None is given twice, even if another loop goes on here. */
  readonly nextSerial: Float64Array
  /** How long the loop's turns take: a `TurnRecord`. */
  readonly turns: Float64Array
  readonly durations: Durations

  /** The rows of sessions that have ended. */
  readonly endings: EndedRing
  /** Slots of balancers that came for themselves, and count for nothing until something comes of that. */
  readonly #uncounted = new Set<number>()
  /** Slots of balancers' own connections. */
  readonly #own = new Set<number>()
  /** Slots of sessions that are a user's without a login. */
  readonly #trusted = new Set<number>()

  /** A new table of `capacity` slots, or a view of the one in `buffer`, which another thread made. */
  constructor(capacity: number, buffer?: SharedArrayBuffer) {
    this.capacity = capacity
    const rows = capacity + endedCapacity
    const layout = new Layout()
    const serial = layout.place(8 * rows)
    const since = layout.place(8 * stateCount * rows)
    const closed = layout.place(8 * rows)
    const up = layout.place(8 * rows)
    const down = layout.place(8 * rows)
    const pacedFor = layout.place(8 * rows)
    const dropped = layout.place(8 * rows)
    const totals = layout.place(8 * totalCount)
    const arrived = layout.place(8 * 2 * doorCount)
    const ended = layout.place(8 * commandCount * reasonCount)
    const spoken = layout.place(8 * protocolCount)
    const turns = layout.place(8 * turnCells)
    const nextSerial = layout.place(8)
    const durations = layout.place(8 * Durations.cells)
    const userUp = layout.place(8 * maxUsers)
    const userDown = layout.place(8 * maxUsers)
    const userEnded = layout.place(8 * maxUsers)
    const userForbidden = layout.place(8 * maxUsers)
    const userForbiddenBy = layout.place(4 * maxUsers)
    const userSessions = layout.place(4 * maxUsers)
    const guard = layout.place(4 * capacity)
    const endedCount = layout.place(4)
    const rule = layout.place(4 * rows)
    const user = layout.place(2 * rows)
    const clientPort = layout.place(2 * rows)
    const targetPort = layout.place(2 * rows)
    const state = layout.place(rows)
    const command = layout.place(rows)
    const protocol = layout.place(rows)
    const reason = layout.place(rows)
    const paced = layout.place(rows)
    const clientAddress = layout.place(addressBytes * rows)
    const targetAddress = layout.place(addressBytes * rows)
    const name = layout.place(nameBytes * rows)

    this.buffer = buffer ?? new SharedArrayBuffer(layout.size)
    this.serial = new Float64Array(this.buffer, serial, rows)
    this.since = new Float64Array(this.buffer, since, stateCount * rows)
    this.closed = new Float64Array(this.buffer, closed, rows)
    this.up = new Float64Array(this.buffer, up, rows)
    this.down = new Float64Array(this.buffer, down, rows)
    this.pacedFor = new Float64Array(this.buffer, pacedFor, rows)
    this.dropped = new Float64Array(this.buffer, dropped, rows)
    this.totals = new Float64Array(this.buffer, totals, totalCount)
    this.arrived = new Float64Array(this.buffer, arrived, 2 * doorCount)
    this.ended = new Float64Array(this.buffer, ended, commandCount * reasonCount)
    this.spoken = new Float64Array(this.buffer, spoken, protocolCount)
    this.turns = new Float64Array(this.buffer, turns, turnCells)
    this.nextSerial = new Float64Array(this.buffer, nextSerial, 1)
    this.durations = new Durations(new Float64Array(this.buffer, durations, Durations.cells))
    this.userUp = new Float64Array(this.buffer, userUp, maxUsers)
    this.userDown = new Float64Array(this.buffer, userDown, maxUsers)
    this.userEnded = new Float64Array(this.buffer, userEnded, maxUsers)
    this.userForbidden = new Float64Array(this.buffer, userForbidden, maxUsers)
    this.userForbiddenBy = new Int32Array(this.buffer, userForbiddenBy, maxUsers)
    this.userSessions = new Int32Array(this.buffer, userSessions, maxUsers)
    this.guard = new Int32Array(this.buffer, guard, capacity)
    this.endings = new EndedRing(new Int32Array(this.buffer, endedCount, 1), capacity, endedCapacity)
    this.rule = new Int32Array(this.buffer, rule, rows)
    this.user = new Uint16Array(this.buffer, user, rows)
    this.clientPort = new Uint16Array(this.buffer, clientPort, rows)
    this.targetPort = new Uint16Array(this.buffer, targetPort, rows)
    this.state = new Uint8Array(this.buffer, state, rows)
    this.command = new Uint8Array(this.buffer, command, rows)
    this.protocol = new Uint8Array(this.buffer, protocol, rows)
    this.reason = new Uint8Array(this.buffer, reason, rows)
    this.paced = new Uint8Array(this.buffer, paced, rows)
    this.clientAddress = new Uint8Array(this.buffer, clientAddress, addressBytes * rows)
    this.targetAddress = new Uint8Array(this.buffer, targetAddress, addressBytes * rows)
    this.name = new Uint8Array(this.buffer, name, nameBytes * rows)
  }

  /** Show the session in a slot, whose client is noted already. `now`: of `performance.now`. */
  begin(slot: number, serial: number, now: number, entrance: Entrance = Door.socks): void {
    this.open(slot)
    this.#enter(slot, State.negotiating, now)
    this.serial[slot] = serial
    this.seal(slot)
    this.userSessions[0]++
    if (entrance !== 'own') return this.#count(slot, entrance)
    this.#uncounted.add(slot)
    this.#own.add(slot)
  }

  /** Whether a balancer has said of the session that it is its own, or of somebody whom it does not know. */
  isOwn(slot: number): boolean {
    return this.#own.size > 0 && this.#own.has(slot)
  }

  #count(slot: number, door: Door): void {
    this.totals[Total.accepted]++
    this.arrived[2 * door + familyAt(this.clientAddress, slot)]++
  }

  /** A row is about to be changed: until `seal`, nobody takes it for what it says. */
  open(slot: number): void {
    Atomics.add(this.guard, slot, 1)
  }

  /** The change is whole. */
  seal(slot: number): void {
    Atomics.add(this.guard, slot, 1)
  }

  /** The session comes to another state. */
  enter(slot: number, state: State, now: number): void {
    this.#time(slot, now)
    this.open(slot)
    this.#enter(slot, state, now)
    this.seal(slot)
  }

  #enter(slot: number, state: State, now: number): void {
    this.state[slot] = state
    this.since[slot * stateCount + state] = now
  }

  /** The state that a session is in is over, for another one or, for a reason, for good. */
  #time(slot: number, now: number, reason?: Reason): void {
    const state = this.state[slot]
    const took = now - this.since[slot * stateCount + state]
    const { handshake, resolve, dial } = this.durations
    if (this.#uncounted.size > 0 && this.#uncounted.delete(slot)) this.#count(slot, Door.socks)
    if (state === State.negotiating) {
      if (reason === undefined && this.command[slot] !== forwarded) handshake.note(took)
    } else if (state === State.resolving) {
      resolve[reason === undefined ? 0 : resolveResultBy[reason]].note(took)
    } else if (state === State.connecting && reason !== Reason.forbidden) {
      // Where the rules let nobody dial there is no address whose family could be told.
      dial[familyAt(this.targetAddress, slot)][reason === undefined ? 0 : dialResultBy[reason]].note(took)
    }
  }

  /** From now on the session and its bytes are this user's. */
  login(slot: number, user: number): void {
    this.totals[Total.loggedIn]++
    this.#give(slot, user)
    this.#trusted.delete(slot)
  }

  /** As `login`, without one; 0: from now on they are nobody's. */
  belong(slot: number, user: number): void {
    this.#give(slot, user)
    if (user > 0) this.#trusted.add(slot)
    else this.#trusted.delete(slot)
  }

  /** Whether the session is a user's by a login. */
  hasLogin(slot: number): boolean {
    return this.user[slot] > 0 && !this.#trusted.has(slot)
  }

  #give(slot: number, user: number): void {
    this.userSessions[this.user[slot]]--
    this.userSessions[user]++
    this.open(slot)
    this.user[slot] = user
    this.seal(slot)
  }

  /** The session's login was wrong: it ends, and its row tells which user name was tried, of 1 to 255 bytes (RFC 1929). */
  tried(slot: number, username: Uint8Array): void {
    this.totals[Total.denied]++
    this.open(slot)
    this.name[slot * nameBytes] = username.length
    this.name.set(username, slot * nameBytes + 1)
    this.seal(slot)
  }

  /** Counts bytes that have been delivered to the target. */
  deliveredUp(slot: number, bytes: number): void {
    this.up[slot] += bytes
    this.userUp[this.user[slot]] += bytes
    this.totals[Total.up] += bytes
  }

  /** Counts bytes that have been delivered to the client. */
  deliveredDown(slot: number, bytes: number): void {
    this.down[slot] += bytes
    this.userDown[this.user[slot]] += bytes
    this.totals[Total.down] += bytes
  }

  /** Counts datagrams of clients that were relayed, and that are lost. */
  datagramsUp(relayed: number, dropped: number): void {
    this.totals[Total.relayedUp] += relayed
    this.totals[Total.droppedUp] += dropped
  }

  /** As `datagramsUp`, of those for clients. */
  datagramsDown(relayed: number, dropped: number): void {
    this.totals[Total.relayedDown] += relayed
    this.totals[Total.droppedDown] += dropped
  }

  /** A rule has decided about the session. */
  decidedBy(slot: number, rule: number): void {
    this.open(slot)
    this.rule[slot] = rule
    this.seal(slot)
  }

  /** A rule has refused the session something. */
  forbiddenBy(slot: number, rule: number): void {
    const user = this.user[slot]
    this.userForbidden[user]++
    this.userForbiddenBy[user] = rule
  }

  /** The session has been refused, and lingers for its client to hear it. */
  refuse(slot: number, reason: Reason, now: number): void {
    this.#time(slot, now, reason)
    this.open(slot)
    this.reason[slot] = reason
    this.#enter(slot, State.closing, now)
    this.seal(slot)
  }

  /**
   * Why a session ends that somebody breaks off: a refused one for what it was refused for, and one that did not stand
   * yet has failed.
   */
  whyBrokenOff(slot: number, reason: Reason): Reason {
    const state = this.state[slot]
    if (state === State.open) return reason
    return state === State.closing ? (this.reason[slot] as Reason) : Reason.failed
  }

  /**
   * The session is over: its row is copied to the ended ones, and the slot is free. Nothing tells of a balancer that left
   * before it was served.
   */
  end(slot: number, reason: Reason, now: number): void {
    this.userSessions[this.user[slot]]--
    if (reason === Reason.gone && this.#uncounted.size > 0 && this.#uncounted.delete(slot)) return this.#clear(slot)
    this.ended[this.asked(slot) * reasonCount + reason]++
    this.spoken[this.protocol[slot] as number]++
    this.#time(slot, now, reason)
    if (this.since[slot * stateCount + State.open] === 0) this.totals[Total.failed]++
    else this.durations.session.note(now - this.since[slot * stateCount + State.negotiating])
    this.userEnded[this.user[slot]]++
    this.#keep(slot, reason, now)
    this.#clear(slot)
  }

  /**
   * Whoever wrote here has died, perhaps in the middle of a change: ends all sessions, which have failed. `ending` hears of each
   * before. Returns how many there were.
   */
  abandon(now: number, ending: (slot: number) => void): number {
    let count = 0
    for (let slot = 0; slot < this.capacity; slot++) {
      if (this.guard[slot] % 2 !== 0) this.seal(slot)
      if (this.serial[slot] === 0) continue
      ending(slot)
      this.end(slot, Reason.failed, now)
      count++
    }
    return count
  }

  /** What the client of a row asked for, as it is told: its command, or `passedOn`. The number of one of `commands`, from 1; 0: none yet. */
  asked(row: number): number {
    const command = this.command[row] as number
    return command === Command.connect && this.protocol[row] === Protocol.request ? passedOn : command
  }

  #clear(slot: number): void {
    if (this.#own.size > 0) this.#own.delete(slot)
    if (this.#trusted.size > 0) this.#trusted.delete(slot)
    this.open(slot)
    this.serial[slot] = 0
    for (let at = slot * stateCount; at < (slot + 1) * stateCount; at++) this.since[at] = 0
    this.command[slot] = 0
    this.protocol[slot] = 0
    this.user[slot] = 0
    this.up[slot] = 0
    this.down[slot] = 0
    this.paced[slot] = 0
    this.pacedFor[slot] = 0
    this.dropped[slot] = 0
    this.targetPort[slot] = 0
    for (let at = slot * addressBytes; at < (slot + 1) * addressBytes; at++) this.targetAddress[at] = 0
    this.name[slot * nameBytes] = 0
    this.rule[slot] = 0
    this.seal(slot)
  }

  /** Sessions that ended for a reason, having asked for this (see `asked`) or, without it, whatever they asked for. */
  endedFor(reason: Reason, asked?: number): number {
    if (asked !== undefined) return this.ended[asked * reasonCount + reason]
    let count = 0
    for (let at: number = reason; at < this.ended.length; at += reasonCount) count += this.ended[at]
    return count
  }

  #keep(slot: number, reason: Reason, now: number): void {
    const row = this.endings.next
    this.serial[row] = this.serial[slot]
    this.state[row] = this.state[slot]
    // By steps, as the addresses below: for so few cells a method's call would cost more.
    for (let i = 0; i < stateCount; i++) this.since[row * stateCount + i] = this.since[slot * stateCount + i]
    this.reason[row] = reason
    this.closed[row] = now
    this.command[row] = this.command[slot]
    this.protocol[row] = this.protocol[slot]
    this.user[row] = this.user[slot]
    this.up[row] = this.up[slot]
    this.down[row] = this.down[slot]
    this.paced[row] = this.paced[slot]
    this.pacedFor[row] = this.pacedFor[slot]
    this.dropped[row] = this.dropped[slot]
    copyAddress(this.clientAddress, row, slot)
    this.clientPort[row] = this.clientPort[slot]
    copyAddress(this.targetAddress, row, slot)
    this.targetPort[row] = this.targetPort[slot]
    this.rule[row] = this.rule[slot]
    const name = slot * nameBytes
    if (this.name[name] === 0) this.name[row * nameBytes] = 0
    else this.name.copyWithin(row * nameBytes, name, name + 1 + this.name[name])
    this.endings.push()
  }
}

function copyAddress(addresses: Uint8Array, to: number, from: number): void {
  for (let i = 0; i < addressBytes; i++) addresses[to * addressBytes + i] = addresses[from * addressBytes + i]
}

/** Which of `families` an address of 16 bytes at `slot * 16` is of: no IPv6 one that can be reached begins as a mapped one does. */
function familyAt(addresses: Uint8Array, slot: number): 0 | 1 {
  const at = slot * addressBytes
  return addresses[at] === 0 && addresses[at + 10] === 0xff ? 0 : 1
}

/** By `Reason`, the number of its result; the last of the results is all others'. */
function resultsBy<Result>(results: readonly Result[], known: ReadonlyMap<Reason, Result>): readonly number[] {
  const others = results.length - 1
  return Object.values(Reason).map((reason) => {
    const result = known.get(reason)
    return result === undefined ? others : results.indexOf(result)
  })
}

/** How often a row is read that is being changed, before what was read last counts: a thread may be held up just then. */
const mostReads = 1000

/** What `read` makes of a live row at one moment, and the guard at that moment: it is asked again if the row changed meanwhile. */
export function readSteadily<Value>(
  { guard }: SessionTable,
  slot: number,
  read: () => Value,
): { readonly value: Value; readonly guard: number } {
  for (let reads = 1; ; reads++) {
    const before = Atomics.load(guard, slot)
    const value = read()
    // By a write, of nothing: what was read before cannot have been read after it (a plain load would allow that).
    const isSteady = before % 2 === 0 && Atomics.add(guard, slot, 0) === before
    if (isSteady || reads === mostReads) return { value, guard: before }
  }
}

/** Lays columns one behind the other, each aligned to 8 bytes. */
class Layout {
  size = 0

  place(bytes: number): number {
    const offset = this.size
    this.size += Math.ceil(bytes / 8) * 8
    return offset
  }
}
