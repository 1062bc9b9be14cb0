import { type Address, isSame, isUnspecified } from '../../net/address.ts'
import type { Destination } from '../../net/destination.ts'
import type { Egress } from '../../net/egress.ts'
import { EPOLLERR, EPOLLET, EPOLLHUP, EPOLLIN, EPOLLRDHUP } from '../../os/epoll.ts'
import { close, errno, errnoName } from '../../os/libc.ts'
import { accept, boundAddress, isExhausted, listen, resetOnClose, setLiveness } from '../../os/socket.ts'
import { addressOf, bytesOf, portOf, socketAddressBytes } from '../../os/socket-address.ts'
import { addressTowards } from '../../os/udp.ts'
import { showTarget } from '../row-place.ts'
import { Reason, State } from '../session-table.ts'
import { bindBacklog, noRoomForBind } from '../shared/descriptor-shares.ts'
import type { Outbound } from '../shared/egress-addresses.ts'
import { type Failure, notAllowed, notFound, notResolved } from '../shared/refusals.ts'
import type { Opener } from './admitter.ts'
import { clientEnds } from './client-ends.ts'
import type { LoopContext } from './context.ts'
import type { Relay } from './relay.ts'
import { clientOf, Flag, isClient, type Sessions, slotOf, targetOf, watched } from './sessions.ts'
import type { Stage } from './stage.ts'

/** Connections looked at before others have their turn. */
const batch = 16
const arriving = (EPOLLIN | EPOLLET) >>> 0

/** Somebody who may come, and where we listen for them: on addresses of the egress, or wherever the system says. */
interface Expected extends Address {
  readonly egress: Egress | undefined
}

/** A client that waits for a peer to come. */
interface Bind {
  /** What the client sent behind its request. */
  readonly rest: Uint8Array
  /** Of the peer; undefined if an address was asked for. */
  readonly name: string | undefined
  /** What the request gave as the peer's; it does not bind the peer. */
  readonly port: number
  /** Whence the peer may come; none: from anywhere. */
  peers: readonly Expected[]
}

/**
 * BIND (RFC 1928, section 4): listens where the expected peer can reach us, tells the client where that is, and relays
 * once the peer has come. Whoever else comes is sent away. What listens has the target's half until then: a session that
 * waits for its peer takes no more descriptors than one that has it. Its port is one of a few (see `Places`).
 */
export class Binder implements Opener, Stage {
  readonly #loop: LoopContext
  readonly #sessions: Sessions
  readonly #relay: Relay
  /** By slot, from the request on until the session relays. */
  readonly #binds = new Map<number, Bind>()
  /** For what the kernel tells: where we listen, or who has come. */
  readonly #socketAddress = new Uint8Array(socketAddressBytes)

  constructor(loop: LoopContext, relay: Relay) {
    this.#loop = loop
    this.#sessions = loop.sessions
    this.#relay = relay
  }

  /** An address that is all zero stands for any peer. */
  begin(slot: number, destination: Destination, rest: Uint8Array): void {
    if (this.#sessions.flags[clientOf(slot)] & Flag.finishing) return this.#sessions.closeBehindInput(slot, Reason.gone)
    const name = destination.kind === 'name' ? destination.name : undefined
    const bind: Bind = { rest, name, port: destination.port, peers: [] }
    this.#binds.set(slot, bind)
    if (destination.kind === 'address' && isUnspecified(destination.bytes)) return this.#listen(slot, bind)
    const known = this.#loop.names.resolve(slot, destination, this.#loop.timeouts.resolve)
    if (known) this.#expect(slot, bind, known)
  }

  onName(slot: number, _name: string, addresses: readonly Address[] | undefined): void {
    const bind = this.#binds.get(slot)
    if (!bind) return
    if (addresses) this.#expect(slot, bind, addresses)
    else this.#refuse(slot, 'EAGAIN')
  }

  onEvent(half: number, events: number): void {
    const slot = slotOf(half)
    const bind = this.#binds.get(slot)
    if (!bind) return
    if (!isClient(half)) return this.#onArrival(slot, bind)
    // Whoever finishes before the peer is there hears of none: what it said cannot have been for that one.
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) return this.#sessions.closeBehindInput(slot, Reason.gone)
    this.#sessions.note(half, events)
  }

  /** The name, or the peer, has had its time. */
  onDeadline(slot: number): void {
    this.#refuse(slot, this.#sessions.table.state[slot] === State.listening ? 'ETIMEDOUT' : notResolved)
  }

  forget(slot: number): void {
    // Who reads that the session has ended finds nothing listening for it any more.
    if (this.#binds.delete(slot)) this.#sessions.closeTarget(slot)
  }

  /** Somebody has come to the listening socket. */
  #onArrival(slot: number, bind: Bind): void {
    const listener = this.#sessions.fd[targetOf(slot)]
    if (listener < 0) return
    for (let looked = 0; looked < batch; looked++) {
      const fd = accept(listener, this.#socketAddress)
      if (fd === -errno.EAGAIN) return
      if (isExhausted(-fd)) return this.#refuse(slot, errnoName(-fd))
      if (fd < 0) continue
      if (this.#isExpected(slot, bind)) return this.#arrived(slot, bind, fd)
      resetOnClose(fd)
      close(fd)
    }
    // An edge-triggered event comes again if there still is reason for it.
    this.#loop.epoll.modify(listener, arriving, targetOf(slot), this.#sessions.generation[slot])
  }

  #expect(slot: number, bind: Bind, addresses: readonly Address[]): void {
    const { verdicts } = this.#loop
    bind.peers = addresses.flatMap((address) =>
      verdicts.allows(slot, bind.name, address, bind.port) ? { ...address, egress: verdicts.egress } : [],
    )
    const [first] = bind.peers
    if (!first) return this.#refuse(slot, addresses.length > 0 ? notAllowed : notFound)
    showTarget(this.#sessions.table, slot, first.bytes, bind.port)
    this.#listen(slot, bind)
  }

  /** Listen, and tell the client where. */
  #listen(slot: number, bind: Bind): void {
    const { places, table } = this.#sessions
    if (!places.bind(slot, table.user[slot], table.clientAddress)) {
      this.#loop.post({ type: 'warn', message: noRoomForBind })
      return this.#refuse(slot, 'EMFILE')
    }
    const fd = this.#open(slot, bind)
    if (fd < 0) return this.#refuse(slot, errnoName(-fd))
    this.#sessions.fd[targetOf(slot)] = fd
    const problem = this.#loop.epoll.add(fd, arriving, targetOf(slot), this.#sessions.generation[slot])
    if (problem < 0) return this.#refuse(slot, errnoName(-problem))
    this.#sessions.enter(slot, State.listening)
    this.#sessions.setDeadline(slot, this.#loop.timeouts.bind)
    boundAddress(fd, this.#socketAddress)
    this.#tell(slot)
  }

  /** A socket that listens where the first peer there is a way to can reach it; for anybody, where the client reaches us. */
  #open(slot: number, { name, peers }: Bind): number {
    const own = this.#socketAddress
    const user = this.#sessions.table.user[slot]
    let result = -errno.ENETUNREACH
    for (const { egress, ...peer } of peers) {
      result = egress ? this.#listenFrom(egress, { user, name, bytes: peer.bytes }) : addressTowards(peer, own)
      if (result >= 0) return egress ? result : listenAt(addressOf(own))
    }
    if (peers.length > 0) return result
    const { relay } = clientEnds(this.#sessions, slot)
    const egress = this.#loop.verdicts.egressOf(slot)
    return egress ? this.#listenFrom(egress, { user, name, bytes: relay.bytes }) : listenAt(relay)
  }

  #listenFrom(egress: Egress, outbound: Outbound): number {
    return this.#loop.egress.bindToFirst(egress, outbound, listenAt)
  }

  /** Whether the one who came last is whom the client expects, or may be anybody. */
  #isExpected(slot: number, { name, peers }: Bind): boolean {
    const address = addressOf(this.#socketAddress)
    if (peers.length > 0 && !peers.some(({ bytes }) => isSame(bytes, address.bytes))) return false
    return this.#loop.verdicts.allows(slot, name, address, portOf(this.#socketAddress))
  }

  #arrived(slot: number, { rest }: Bind, fd: number): void {
    const sessions = this.#sessions
    const { keepalive, userTimeout } = this.#loop.liveness
    const target = targetOf(slot)
    showTarget(sessions.table, slot, bytesOf(this.#socketAddress), portOf(this.#socketAddress))
    sessions.closeTarget(slot)
    sessions.fd[target] = fd
    // Inherited from the listening socket (tcp(7)).
    sessions.flags[target] = Flag.prompt
    if (keepalive !== 0 || userTimeout !== 0) setLiveness(fd, keepalive, userTimeout)
    const problem = this.#loop.epoll.add(fd, watched, target, sessions.generation[slot])
    if (problem < 0) return this.#refuse(slot, errnoName(-problem))
    if (!this.#tell(slot)) return
    this.#binds.delete(slot)
    this.#relay.begin(slot, rest)
  }

  /** Send the reply that tells where we listen, or who has come. */
  #tell(slot: number): boolean {
    const told = this.#socketAddress
    return this.#loop.replies.succeed(slot, { bytes: bytesOf(told), port: portOf(told) })
  }

  #refuse(slot: number, failure: Failure): void {
    this.#binds.delete(slot)
    this.#loop.refusals.fail(slot, failure)
  }
}

function listenAt(address: Address): number {
  return listen(address, 0, bindBacklog)
}
