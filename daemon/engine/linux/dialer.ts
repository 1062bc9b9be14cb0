import { type Address, isSame, unmapped, writeMapped } from '../../net/address.ts'
import type { Destination } from '../../net/destination.ts'
import { EPOLLERR, EPOLLHUP, EPOLLOUT } from '../../os/epoll.ts'
import { close, errno, errnoName } from '../../os/libc.ts'
import {
  boundAddress,
  connectSocket,
  leaveFrom,
  openSocket,
  peerAddress,
  pendingError,
  resetOnClose,
  setLiveness,
} from '../../os/socket.ts'
import { copyMapped, SocketAddress } from '../../os/socket-address.ts'
import { forwarded, Reason, State } from '../session-table.ts'
import { mostAttempts, tellsAsMuch, untilNextAttempt } from '../shared/happy-eyeballs.ts'
import { type Failure, notAllowed, notFound, notResolved, refusalOf } from '../shared/refusals.ts'
import { holderOf } from '../shared/shares.ts'
import type { Verdicts } from '../shared/verdicts.ts'
import type { Opener } from './admitter.ts'
import type { LoopContext } from './context.ts'
import type { Relay } from './relay.ts'
import { isClient, type Sessions, slotOf, targetOf, watched } from './sessions.ts'
import type { Stage } from './stage.ts'

/** A request on its way to its destination. */
interface Dial {
  /** What the client sent behind its request. */
  readonly rest: Uint8Array
  /** Undefined if an address was asked for. */
  readonly name: string | undefined
  readonly port: number
  /** By what its addresses were judged when it began. */
  readonly verdicts: Verdicts
  addresses: readonly Address[]
  /** So many of them, from the first on, have been tried. */
  tried: number
  /** When dialling has taken long enough, on the loop's clock. */
  until: number
  /** Why it will have failed if no address is left. */
  failure: Failure
  /** Attempts under way: the target half, then extras. */
  underWay: number
  /** So many may be, beside one another. */
  most: number
  /** Whether there was ever one beside or after another, so that the row and late events may be those of another. */
  hadOthers: boolean
}

/** CONNECT (RFC 1928, section 4): names to addresses, connects beside one another, and the reply. */
export class Dialer implements Opener, Stage {
  readonly #loop: LoopContext
  readonly #sessions: Sessions
  readonly #relay: Relay
  /** By slot, from the request on until the session relays. */
  readonly #dials: (Dial | undefined)[] = []
  /** For what the kernel tells of a socket: whom it is connected to, and where it is bound. */
  readonly #peer = new SocketAddress()
  readonly #own = new SocketAddress()

  constructor(loop: LoopContext, relay: Relay) {
    this.#loop = loop
    this.#sessions = loop.sessions
    this.#relay = relay
  }

  begin(slot: number, destination: Destination, rest: Uint8Array): void {
    if (this.#sessions.isGone(slot, rest)) return this.#sessions.close(slot, Reason.gone)
    const dial: Dial = {
      rest,
      name: destination.kind === 'name' ? destination.name : undefined,
      port: destination.port,
      verdicts: this.#loop.verdicts,
      addresses: [],
      tried: 0,
      until: 0,
      failure: notFound,
      underWay: 0,
      most: mostAttempts,
      hadOthers: false,
    }
    this.#dials[slot] = dial
    const known = this.#loop.names.resolve(slot, destination, this.#loop.timeouts.resolve)
    if (known) this.#dialAll(slot, dial, known)
  }

  onName(slot: number, _name: string, addresses: readonly Address[] | undefined): void {
    const dial = this.#dials[slot]
    if (!dial) return
    if (!addresses) dial.failure = 'EAGAIN'
    this.#dialAll(slot, dial, addresses ?? [])
  }

  onEvent(half: number, events: number): void {
    const slot = slotOf(half)
    if (!isClient(half)) return this.onExtra(slot, this.#sessions.fd[half], events)
    const dial = this.#dials[slot]
    if (dial) this.#sessions.clientWaits(slot, events, dial.rest)
  }

  /** The target's socket, or one that is tried beside it, has something to say about its connect. */
  onExtra(slot: number, fd: number, events: number): void {
    const dial = this.#dials[slot]
    if (!dial || fd < 0) return
    if (events & (EPOLLERR | EPOLLHUP)) {
      const error = pendingError(fd)
      // Without one, the event was that of a socket that is closed already.
      if (error === 0) return
      this.#fail(slot, dial, fd, errnoName(error))
    } else if (events & EPOLLOUT) {
      // The event may be that of an earlier attempt, whose place this one has taken: then it is not connected yet.
      if (dial.hadOthers && peerAddress(fd, this.#peer.memory.at) !== 0) return
      if (this.#isItself(fd, dial.port)) {
        resetOnClose(fd)
        return this.#fail(slot, dial, fd, 'ECONNREFUSED')
      }
      if (dial.hadOthers && !this.#choose(slot, fd)) return this.#sessions.close(slot, Reason.failed)
      this.#sessions.note(targetOf(slot), events)
      this.#connected(slot, dial)
    }
  }

  /** The name, or the dial, has had its time, or the next address has its turn. */
  onDeadline(slot: number): void {
    const dial = this.#dials[slot]
    if (!dial) return
    if (this.#sessions.table.state[slot] !== State.connecting) {
      dial.failure = notResolved
      this.#refuse(slot, dial)
    } else if (this.#loop.clock.now >= dial.until) {
      this.#failed(dial, 'ETIMEDOUT')
      this.#refuse(slot, dial)
    } else {
      if (dial.underWay >= dial.most) this.#giveUpOldest(slot, dial)
      this.#next(slot, dial)
    }
  }

  forget(slot: number): void {
    this.#dials[slot] = undefined
  }

  #dialAll(slot: number, dial: Dial, addresses: readonly Address[]): void {
    if (addresses.length > 0) this.#sessions.enter(slot, State.connecting)
    dial.addresses = addresses
    dial.until = this.#loop.clock.now + this.#loop.timeouts.connect
    this.#next(slot, dial)
  }

  /** Dial the next address, beside those under way, and wait; refuse when there is none of either. */
  #next(slot: number, dial: Dial): void {
    const { addresses } = dial
    while (dial.tried < addresses.length) {
      const address = addresses[dial.tried++] as Address
      const isAllowed = this.#loop.verdicts.allows(slot, dial.name, address, dial.port)
      const failure = isAllowed ? this.#dial(slot, dial, address) : notAllowed
      if (failure === undefined) break
      if (failure === 'EMFILE' && dial.underWay > 0) {
        // No room for one more beside them: it takes the place of one that has had its share of the time.
        dial.tried--
        dial.most = dial.underWay
        break
      }
      this.#failed(dial, failure)
    }
    if (dial.underWay === 0) return this.#refuse(slot, dial)
    const left = dial.until - this.#loop.clock.now
    const untried = addresses.length - dial.tried
    this.#sessions.setDeadline(slot, untilNextAttempt(left, untried, dial.underWay < dial.most))
  }

  /** Begin to connect, to be the target or, if there is one already, beside it; returns why not, if so. */
  #dial(slot: number, dial: Dial, { bytes, scope }: Address): Failure | undefined {
    const { fd, table, generation, extras } = this.#sessions
    const socket = openSocket(bytes.length)
    if (socket < 0) return errnoName(-socket)
    const { keepalive, userTimeout } = this.#loop.liveness
    if (keepalive !== 0 || userTimeout !== 0) setLiveness(socket, keepalive, userTimeout)
    const { verdicts, egress } = this.#loop
    let result = 0
    if (verdicts.egress) {
      const outbound = { user: table.user[slot], name: dial.name, bytes }
      result = egress.bindToFirst(verdicts.egress, outbound, (address) => leaveFrom(socket, address))
    }
    if (result === 0) {
      result = connectSocket(socket, bytes, dial.port, scope)
      if (result === -errno.EADDRNOTAVAIL) egress.foundNoPort(bytes)
    }
    // An address that was asked for stands there already.
    if (dial.name !== undefined) {
      table.open(slot)
      writeMapped(table.targetAddress, slot * 16, bytes)
      table.seal(slot)
    }
    if (result !== 0 && result !== -errno.EINPROGRESS) {
      close(socket)
      return errnoName(-result)
    }
    const target = targetOf(slot)
    const isBeside = dial.underWay > 0
    if (!isBeside) fd[target] = socket
    const problem = isBeside
      ? extras.add(slot, socket, watched, this.#holder(slot))
      : this.#loop.epoll.add(socket, watched, target, generation[slot])
    if (problem === 0) dial.underWay++
    else if (!isBeside) this.#sessions.closeTarget(slot)
    if (isBeside) dial.hadOthers = true
    return problem < 0 ? errnoName(-problem) : undefined
  }

  #holder(slot: number): string {
    const { user, clientAddress } = this.#sessions.table
    return holderOf(user[slot], unmapped(clientAddress.subarray(slot * 16, slot * 16 + 16)))
  }

  /** Of several failures, the reply tells of the one that says most. */
  #failed(dial: Dial, failure: Failure): void {
    if (tellsAsMuch(refusalOf(failure).reason, refusalOf(dial.failure).reason)) dial.failure = failure
  }

  /** An attempt has failed: the next address has its turn. */
  #fail(slot: number, dial: Dial, fd: number, failure: Failure): void {
    this.#failed(dial, failure)
    this.#giveUp(slot, dial, fd)
    this.#next(slot, dial)
  }

  /** Where nobody listens at a port of this machine, a dial from that very port meets itself (RFC 9293, section 3.5). */
  #isItself(fd: number, port: number): boolean {
    boundAddress(fd, this.#own.memory.at)
    if (this.#own.port !== port || peerAddress(fd, this.#peer.memory.at) !== 0) return false
    return isSame(this.#own.bytes, this.#peer.bytes)
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
    this.#failed(dial, 'ETIMEDOUT')
    if (oldest !== undefined) this.#giveUp(slot, dial, oldest)
  }

  #refuse(slot: number, dial: Dial): void {
    this.#dials[slot] = undefined
    this.#loop.refusals.fail(slot, dial.failure)
  }

  #connected(slot: number, dial: Dial): void {
    if (dial.verdicts !== this.#loop.verdicts && !this.#loop.verdicts.stands(slot)) {
      dial.failure = notAllowed
      return this.#refuse(slot, dial)
    }
    // The reply carries the address that the target's socket is bound to.
    if (this.#sessions.table.command[slot] !== forwarded && !this.#loop.replies.succeed(slot, this.#own)) return
    this.#dials[slot] = undefined
    this.#relay.begin(slot, dial.rest)
  }

  /** Make the winner, whose peer was asked for just now, the session's target, and close the others. */
  #choose(slot: number, winner: number): boolean {
    const { fd, table, extras, generation } = this.#sessions
    table.open(slot)
    copyMapped(this.#peer.memory.bytes, table.targetAddress, slot * 16)
    table.seal(slot)
    const target = targetOf(slot)
    const isBeside = fd[target] !== winner
    if (isBeside) {
      this.#sessions.closeTarget(slot)
      extras.release(winner)
      fd[target] = winner
    }
    extras.closeAll(slot)
    return !isBeside || this.#loop.epoll.modify(winner, watched, target, generation[slot]) === 0
  }
}
