import { addressOf, copyMapped, portOf } from '../../os/address.ts'
import { EPOLLERR, EPOLLET, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLPRI, EPOLLRDHUP, type Epoll } from '../../os/epoll.ts'
import { errno, recv } from '../../os/libc.ts'
import { boundAddress, connectSocket, lastAddress, MSG_PEEK, openSocket, pendingError } from '../../os/socket.ts'
import { encodeReply, Reply } from '../../socks/messages.ts'
import type { Destination } from '../../socks/negotiation.ts'
import type { Policy, Timeouts } from '../engine.ts'
import { forbids } from '../forbidden.ts'
import { Reason, State } from '../session-table.ts'
import type { Farewell } from './farewell.ts'
import type { LoopMail } from './mail.ts'
import { Names } from './names.ts'
import type { Relay } from './relay.ts'
import { type Clock, clientOf, type Dial, Flag, type Sessions, targetOf } from './sessions.ts'
import type { TimerWheel } from './timer-wheel.ts'

/** Every event that a session's socket is ever watched for; it is told to the kernel once (epoll(7), edge-triggered). */
export const watched = (EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET) >>> 0

/**
 * Beside the errnos of `Dial.error`, which are positive: the policy forbids it; the name has no addresses; they did not
 * come in time.
 */
const notAllowed = -1
const notFound = -2
const notResolved = -3

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

/** From a request to a connected target: names to addresses, one address after the other, and the reply. */
export class Dialer {
  readonly #sessions: Sessions
  readonly #epoll: Epoll
  readonly #wheel: TimerWheel
  readonly #clock: Clock
  readonly #timeouts: Timeouts
  readonly #relay: Relay
  readonly #farewell: Farewell
  readonly #names: Names
  readonly #peek = new Uint8Array(1)
  #isForbidden = forbids([])

  constructor(
    parts: { sessions: Sessions; epoll: Epoll; wheel: TimerWheel; clock: Clock; relay: Relay; farewell: Farewell },
    timeouts: Timeouts,
    post: (mail: LoopMail) => void,
  ) {
    this.#sessions = parts.sessions
    this.#epoll = parts.epoll
    this.#wheel = parts.wheel
    this.#clock = parts.clock
    this.#relay = parts.relay
    this.#farewell = parts.farewell
    this.#timeouts = timeouts
    this.#names = new Names(parts.clock, post)
  }

  /** Dials that begin from now on obey it, and so do addresses that are still to be tried. */
  obey({ forbidden }: Policy): void {
    this.#isForbidden = forbids(forbidden)
  }

  /** Begin with a request and what came behind it. */
  begin(slot: number, destination: Destination, rest: Uint8Array): void {
    const { dials, generation } = this.#sessions
    const dial: Dial = { rest, port: destination.port, addresses: [], until: 0, error: notFound }
    dials.set(slot, dial)
    this.#sessions.requested(slot, destination)
    if (this.#isGone(slot, dial)) return this.#sessions.close(slot, Reason.gone)
    if (destination.kind === 'address') return this.#dialAll(slot, dial, [destination.address])
    this.#sessions.enter(slot, State.resolving)
    const known = this.#names.ask(destination.name, { slot, generation: generation[slot] })
    if (known) return this.#dialAll(slot, dial, known)
    this.#wheel.set(slot, this.#clock.now + this.#timeouts.resolve)
  }

  /** A name's addresses, as literals; none if it has none. */
  resolved(name: string, literals: readonly string[]): void {
    const { addresses, askers } = this.#names.learn(name, literals)
    for (const { slot, generation } of askers) {
      const dial = this.#sessions.isCurrent(slot, generation) ? this.#sessions.dials.get(slot) : undefined
      if (dial) this.#dialAll(slot, dial, addresses)
    }
  }

  /** The target's socket has something to say about its connect. */
  onTargetEvent(slot: number, events: number): void {
    const { fd, dials } = this.#sessions
    const target = targetOf(slot)
    const dial = dials.get(slot)
    if (!dial) return
    if (events & (EPOLLERR | EPOLLHUP)) {
      dial.error = pendingError(fd[target])
      this.#next(slot, dial)
    } else if (events & EPOLLOUT) {
      this.#sessions.note(target, events)
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
    const { fd, flags } = this.#sessions
    const client = clientOf(slot)
    if (rest.length > 0 || !(flags[client] & Flag.finishing)) return false
    return recv(fd[client], this.#peek, 1, MSG_PEEK) === 0
  }

  /** The name, or this address, has had its time. */
  onDeadline(slot: number): void {
    const dial = this.#sessions.dials.get(slot)
    if (!dial) return
    dial.error = this.#sessions.table.state[slot] === State.connecting ? errno.ETIMEDOUT : notResolved
    this.#next(slot, dial)
  }

  #dialAll(slot: number, dial: Dial, addresses: readonly Uint8Array[]): void {
    if (addresses.length > 0) this.#sessions.enter(slot, State.connecting)
    dial.addresses = [...addresses]
    dial.until = this.#clock.now + this.#timeouts.connect
    this.#next(slot, dial)
  }

  /** Dial the next address, with its share of the time that is left; refuse when there is none. */
  #next(slot: number, dial: Dial): void {
    this.#sessions.closeTarget(slot)
    for (let address = dial.addresses.shift(); address; address = dial.addresses.shift()) {
      const left = dial.until - this.#clock.now
      if (this.#isForbidden(address, dial.port)) dial.error = notAllowed
      else if (left <= 0) dial.error = errno.ETIMEDOUT
      else if (this.#dial(slot, dial, address)) {
        this.#wheel.set(slot, this.#clock.now + left / (dial.addresses.length + 1))
        return
      }
    }
    this.#sessions.dials.delete(slot)
    const [reply, reason] = refusals.get(dial.error) ?? generalFailure
    this.#farewell.refuse(slot, encodeReply(reply), reason)
  }

  /** True if the connect has begun; else `dial.error` says why not. */
  #dial(slot: number, dial: Dial, address: Uint8Array): boolean {
    const { fd, table, generation } = this.#sessions
    const target = targetOf(slot)
    const socket = openSocket(address.length)
    if (socket < 0) {
      dial.error = -socket
      return false
    }
    fd[target] = socket
    const result = connectSocket(socket, address, dial.port)
    copyMapped(lastAddress, table.targetAddress, slot * 16)
    const begun = result === 0 || result === -errno.EINPROGRESS
    const problem = begun ? this.#epoll.add(socket, watched, target, generation[slot]) : result
    if (problem === 0) return true
    dial.error = -problem
    this.#sessions.closeTarget(slot)
    return false
  }

  #connected(slot: number, dial: Dial): void {
    boundAddress(this.#sessions.fd[targetOf(slot)])
    const reply = encodeReply(Reply.succeeded, { address: addressOf(lastAddress), port: portOf(lastAddress) })
    if (!this.#farewell.reply(slot, reply)) return
    this.#sessions.dials.delete(slot)
    this.#relay.begin(slot, dial.rest)
  }
}
