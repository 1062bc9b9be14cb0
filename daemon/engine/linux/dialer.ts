import type { Address } from '../../net/address.ts'
import type { Destination } from '../../net/destination.ts'
import { EPOLLERR, EPOLLET, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLPRI, EPOLLRDHUP, type Epoll } from '../../os/epoll.ts'
import { close, errno } from '../../os/libc.ts'
import {
  boundAddress,
  connectSocket,
  lastAddress,
  openSocket,
  peerAddress,
  pendingError,
  setLiveness,
} from '../../os/socket.ts'
import { bytesOf, copyMapped, portOf } from '../../os/socket-address.ts'
import { encodeReply, Reply } from '../../socks/messages.ts'
import type { Liveness, Policy, Timeouts } from '../engine.ts'
import { forbids } from '../forbidden.ts'
import { forwarded, Reason, State } from '../session-table.ts'
import { mostAttempts, tellsAsMuch, untilNextAttempt } from '../staggering.ts'
import type { Farewell } from './farewell.ts'
import type { Names } from './names.ts'
import type { Dial } from './peerless.ts'
import type { Relay } from './relay.ts'
import { type Clock, clientOf, type Sessions, targetOf } from './sessions.ts'
import type { TimerWheel } from './timer-wheel.ts'

/** Every event that a session's socket is ever watched for; it is told to the kernel once (epoll(7), edge-triggered). */
export const watched = (EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET) >>> 0

/**
 * Beside the errnos of `Dial.error`, which are positive: the policy forbids it; the name has no addresses; they did not
 * come in time.
 */
export const notAllowed = -1
export const notFound = -2
export const notResolved = -3

/** errno to REP (RFC 1928, section 6) and reason. A dial out of time is taken as ETIMEDOUT. */
const refusals = new Map<number, readonly [Reply, Reason]>([
  [errno.ENETUNREACH, [Reply.networkUnreachable, Reason.unreachable]],
  [errno.EHOSTUNREACH, [Reply.hostUnreachable, Reason.unreachable]],
  [errno.ECONNREFUSED, [Reply.connectionRefused, Reason.refused]],
  [errno.ETIMEDOUT, [Reply.ttlExpired, Reason.timedOut]],
  [notAllowed, [Reply.notAllowed, Reason.forbidden]],
  [notFound, [Reply.hostUnreachable, Reason.notFound]],
  [notResolved, [Reply.hostUnreachable, Reason.timedOut]],
])
/** For every other errno. */
const generalFailure = [Reply.generalFailure, Reason.failed] as const

/** From a request to a connected target: names to addresses, connects beside one another, and the reply. */
export class Dialer {
  readonly #sessions: Sessions
  readonly #epoll: Epoll
  readonly #wheel: TimerWheel
  readonly #clock: Clock
  readonly #timeouts: Timeouts
  readonly #relay: Relay
  readonly #farewell: Farewell
  readonly #names: Names
  /** Of targets that are dialled from now on. */
  liveness: Liveness = { keepalive: 0, userTimeout: 0 }
  #isForbidden = forbids([])

  constructor(
    parts: {
      sessions: Sessions
      epoll: Epoll
      wheel: TimerWheel
      clock: Clock
      relay: Relay
      farewell: Farewell
      names: Names
    },
    timeouts: Timeouts,
  ) {
    this.#sessions = parts.sessions
    this.#epoll = parts.epoll
    this.#wheel = parts.wheel
    this.#clock = parts.clock
    this.#relay = parts.relay
    this.#farewell = parts.farewell
    this.#timeouts = timeouts
    this.#names = parts.names
  }

  /** Dials that begin from now on obey it, and so do addresses that are still to be tried. */
  obey({ forbidden }: Policy): void {
    this.#isForbidden = forbids(forbidden)
  }

  /** Begin with a request and what came behind it. */
  begin(slot: number, destination: Destination, rest: Uint8Array): void {
    const { dials } = this.#sessions
    const dial: Dial = {
      rest,
      port: destination.port,
      addresses: [],
      until: 0,
      error: notFound,
      underWay: 0,
      most: mostAttempts,
      hadOthers: false,
    }
    dials.set(slot, dial)
    this.#sessions.requested(slot, destination)
    if (this.#isGone(slot, dial)) return this.#sessions.close(slot, Reason.gone)
    if (destination.kind === 'address') return this.#dialAll(slot, dial, [destination])
    this.#sessions.enter(slot, State.resolving)
    const known = this.#names.ask(destination.name, slot)
    if (known) return this.#dialAll(slot, dial, known)
    this.#wheel.set(slot, this.#clock.now + this.#timeouts.resolve)
  }

  /** The name that the session asked for has these addresses; undefined if too many wait for theirs. */
  resolved(slot: number, addresses: readonly Address[] | undefined): void {
    const dial = this.#sessions.dials.get(slot)
    if (!dial) return
    if (!addresses) dial.error = errno.EAGAIN
    this.#dialAll(slot, dial, addresses ?? [])
  }

  /** The target's socket, or one that is tried beside it, has something to say about its connect. */
  onTargetEvent(slot: number, events: number, fd = this.#sessions.fd[targetOf(slot)]): void {
    const dial = this.#sessions.dials.get(slot)
    if (!dial || fd < 0) return
    if (events & (EPOLLERR | EPOLLHUP)) {
      const error = pendingError(fd)
      // Without one, the event was that of a socket that is closed already.
      if (error === 0) return
      this.#failed(dial, error)
      this.#giveUp(slot, dial, fd)
      this.#next(slot, dial)
    } else if (events & EPOLLOUT) {
      // Nor is it connected if the event was that of an attempt whose place it has taken.
      if (dial.hadOthers && peerAddress(fd) !== 0) return
      if (dial.hadOthers && !this.#choose(slot, fd)) return this.#sessions.close(slot, Reason.failed)
      this.#sessions.note(targetOf(slot), events)
      this.#connected(slot, dial)
    }
  }

  /** The client speaks, or goes, before it has its reply. One that has gone has nothing to wait for. */
  onClientEvent(slot: number, events: number): void {
    const { dials } = this.#sessions
    const client = clientOf(slot)
    if (events & (EPOLLERR | EPOLLHUP)) return this.#sessions.close(slot, Reason.gone)
    this.#sessions.note(client, events)
    const dial = dials.get(slot)
    if (dial && this.#isGone(slot, dial)) this.#sessions.close(slot, Reason.gone)
  }

  /** A client may finish early if it has sent its data already; one that has sent none is gone. */
  #isGone(slot: number, { rest }: Dial): boolean {
    return rest.length === 0 && this.#sessions.hasLeft(slot)
  }

  /** The name, or the dial, has had its time, or the next address has its turn. */
  onDeadline(slot: number): void {
    const dial = this.#sessions.dials.get(slot)
    if (!dial) return
    if (this.#sessions.table.state[slot] !== State.connecting) {
      dial.error = notResolved
      this.#refuse(slot, dial)
    } else if (this.#clock.now >= dial.until) {
      this.#failed(dial, errno.ETIMEDOUT)
      this.#refuse(slot, dial)
    } else {
      if (dial.underWay >= dial.most) this.#giveUpOldest(slot, dial)
      this.#next(slot, dial)
    }
  }

  #dialAll(slot: number, dial: Dial, addresses: readonly Address[]): void {
    if (addresses.length > 0) this.#sessions.enter(slot, State.connecting)
    dial.addresses = [...addresses]
    dial.until = this.#clock.now + this.#timeouts.connect
    this.#next(slot, dial)
  }

  /** Dial the next address, beside those under way, and wait; refuse when there is none of either. */
  #next(slot: number, dial: Dial): void {
    for (let address = dial.addresses.shift(); address; address = dial.addresses.shift()) {
      const problem = this.#isForbidden(address.bytes, dial.port) ? notAllowed : this.#dial(slot, dial, address)
      if (problem === 0) break
      if (problem === errno.EMFILE && dial.underWay > 0) {
        // No room for one more beside them: it takes the place of one that has had its share of the time.
        dial.addresses.unshift(address)
        dial.most = dial.underWay
        break
      }
      this.#failed(dial, problem)
    }
    if (dial.underWay === 0) return this.#refuse(slot, dial)
    const left = dial.until - this.#clock.now
    const pause = untilNextAttempt(left, dial.addresses.length, dial.underWay < dial.most)
    this.#wheel.set(slot, this.#clock.now + pause)
  }

  /** Begin to connect, to be the target or, if there is one already, beside it; returns 0, or why not as `Dial.error`. */
  #dial(slot: number, dial: Dial, { bytes, scope }: Address): number {
    const { fd, table, generation, extras } = this.#sessions
    const socket = openSocket(bytes.length)
    if (socket < 0) return -socket
    const { keepalive, userTimeout } = this.liveness
    if (keepalive !== 0 || userTimeout !== 0) setLiveness(socket, keepalive, userTimeout)
    const result = connectSocket(socket, bytes, dial.port, scope)
    copyMapped(lastAddress, table.targetAddress, slot * 16)
    if (result !== 0 && result !== -errno.EINPROGRESS) {
      close(socket)
      return -result
    }
    const target = targetOf(slot)
    const isBeside = dial.underWay > 0
    if (!isBeside) fd[target] = socket
    const problem = isBeside
      ? extras.add(slot, socket, watched)
      : this.#epoll.add(socket, watched, target, generation[slot])
    if (problem === 0) dial.underWay++
    else if (!isBeside) this.#sessions.closeTarget(slot)
    if (isBeside) dial.hadOthers = true
    return -problem
  }

  /** Of several failures, the reply tells of the one that says most. */
  #failed(dial: Dial, error: number): void {
    if (tellsAsMuch(refusalOf(error)[1], refusalOf(dial.error)[1])) dial.error = error
  }

  #giveUp(slot: number, dial: Dial, fd: number): void {
    if (fd === this.#sessions.fd[targetOf(slot)]) this.#sessions.closeTarget(slot)
    else this.#sessions.extras.close(fd)
    dial.underWay--
  }

  /** The target is always the oldest: only while there is no other attempt does one begin as that. */
  #giveUpOldest(slot: number, dial: Dial): void {
    const { fd, extras } = this.#sessions
    const target = fd[targetOf(slot)]
    const oldest = target < 0 ? extras.oldest(slot) : target
    dial.hadOthers = true
    this.#failed(dial, errno.ETIMEDOUT)
    if (oldest !== undefined) this.#giveUp(slot, dial, oldest)
  }

  #refuse(slot: number, dial: Dial): void {
    const { dials, table } = this.#sessions
    const [reply, reason] = refusalOf(dial.error)
    dials.delete(slot)
    if (table.command[slot] === forwarded) this.#sessions.reset(slot, reason)
    else this.#farewell.refuse(slot, encodeReply(reply), reason)
  }

  #connected(slot: number, dial: Dial): void {
    if (this.#sessions.table.command[slot] !== forwarded && !this.#tell(slot)) return
    this.#sessions.dials.delete(slot)
    this.#relay.begin(slot, dial.rest)
  }

  /** Make the winner, whose peer is in `lastAddress`, the session's target, and close the others. */
  #choose(slot: number, winner: number): boolean {
    const { fd, table, extras, generation } = this.#sessions
    copyMapped(lastAddress, table.targetAddress, slot * 16)
    const target = targetOf(slot)
    const isBeside = fd[target] !== winner
    if (isBeside) {
      this.#sessions.closeTarget(slot)
      extras.release(winner)
      fd[target] = winner
    }
    extras.closeAll(slot)
    return !isBeside || this.#epoll.modify(winner, watched, target, generation[slot]) === 0
  }

  /** The reply carries the address that the target's socket is bound to. */
  #tell(slot: number): boolean {
    boundAddress(this.#sessions.fd[targetOf(slot)])
    const bound = { bytes: bytesOf(lastAddress), port: portOf(lastAddress) }
    return this.#farewell.reply(slot, encodeReply(Reply.succeeded, bound))
  }
}

/** What to tell the client, and to note, for an errno or one of our own words beside them. */
export function refusalOf(error: number): readonly [Reply, Reason] {
  return refusals.get(error) ?? generalFailure
}
