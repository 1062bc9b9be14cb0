import { type Address, isSame, isUnspecified } from '../../net/address.ts'
import type { Destination } from '../../net/destination.ts'
import { EPOLLERR, EPOLLET, EPOLLHUP, EPOLLIN, type Epoll } from '../../os/epoll.ts'
import { close, errno } from '../../os/libc.ts'
import { accept, boundAddress, lastAddress, listen, resetOnClose, setLiveness } from '../../os/socket.ts'
import { addressOf, bytesOf, portOf } from '../../os/socket-address.ts'
import { addressTowards } from '../../os/udp.ts'
import { encodeReply, Reply } from '../../socks/messages.ts'
import type { Liveness, Policy, Timeouts } from '../engine.ts'
import { forbids } from '../forbidden.ts'
import { Reason, State } from '../session-table.ts'
import { exhausted } from './acceptor.ts'
import { notAllowed, notFound, notResolved, refusalOf, watched } from './dialer.ts'
import type { Farewell } from './farewell.ts'
import type { Names } from './names.ts'
import type { Bind } from './peerless.ts'
import type { Relay } from './relay.ts'
import { type Clock, clientOf, Flag, type Sessions, targetOf } from './sessions.ts'
import type { TimerWheel } from './timer-wheel.ts'

/** Connections that may wait to be looked at, of which one can be the right one. */
const backlog = 4
/** Connections looked at before others have their turn. */
const batch = 16
const arriving = (EPOLLIN | EPOLLET) >>> 0

/**
 * BIND (RFC 1928, section 4): listens where the expected peer can reach us, tells the client where that is, and relays
 * once the peer has come. Whoever else comes is sent away.
 */
export class Binder {
  /** Of peers that come from now on. */
  liveness: Liveness = { keepalive: 0, userTimeout: 0 }
  readonly #sessions: Sessions
  readonly #epoll: Epoll
  readonly #wheel: TimerWheel
  readonly #clock: Clock
  readonly #timeouts: Timeouts
  readonly #relay: Relay
  readonly #farewell: Farewell
  readonly #names: Names
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
    this.#names = parts.names
    this.#timeouts = timeouts
  }

  /** Peers that come from now on obey it. */
  obey({ forbidden }: Policy): void {
    this.#isForbidden = forbids(forbidden)
  }

  /** Begin with a request and what came behind it. An address that is all zero stands for any peer. */
  begin(slot: number, destination: Destination, rest: Uint8Array): void {
    const { binds } = this.#sessions
    const bind: Bind = { rest, port: destination.port, peers: [] }
    binds.set(slot, bind)
    this.#sessions.requested(slot, destination)
    if (this.#isGone(slot, bind)) return this.#sessions.close(slot, Reason.gone)
    if (destination.kind === 'address') {
      if (isUnspecified(destination.bytes)) return this.#listen(slot, bind)
      return this.#expect(slot, bind, [destination])
    }
    this.#sessions.enter(slot, State.resolving)
    const known = this.#names.ask(destination.name, slot)
    if (known) return this.#expect(slot, bind, known)
    this.#wheel.set(slot, this.#clock.now + this.#timeouts.resolve)
  }

  /** The expected peer's name has these addresses; undefined if too many wait for theirs. */
  resolved(slot: number, addresses: readonly Address[] | undefined): void {
    const bind = this.#sessions.binds.get(slot)
    if (bind && addresses) this.#expect(slot, bind, addresses)
    else if (bind) this.#refuse(slot, errno.EAGAIN)
  }

  /** The client speaks, or goes, while its peer has not come. What it says stays in the kernel until then. */
  onClientEvent(slot: number, events: number): void {
    if (events & (EPOLLERR | EPOLLHUP)) return this.#sessions.close(slot, Reason.gone)
    this.#sessions.note(clientOf(slot), events)
    const bind = this.#sessions.binds.get(slot)
    if (bind && this.#isGone(slot, bind)) this.#sessions.close(slot, Reason.gone)
  }

  /** Somebody has come to the listening socket. */
  onTargetEvent(slot: number, _events: number, listener: number): void {
    const bind = this.#sessions.binds.get(slot)
    if (!bind) return
    for (let looked = 0; looked < batch; looked++) {
      const fd = accept(listener)
      if (fd === -errno.EAGAIN) return
      if (exhausted.has(-fd)) return this.#refuse(slot, -fd)
      if (fd < 0) continue
      if (this.#isExpected(bind)) return this.#arrived(slot, bind, fd, listener)
      resetOnClose(fd)
      close(fd)
    }
    this.#sessions.extras.watchAgain(listener, arriving)
  }

  /** The name, or the peer, has had its time. */
  onDeadline(slot: number): void {
    const isListening = this.#sessions.table.state[slot] === State.listening
    this.#refuse(slot, isListening ? errno.ETIMEDOUT : notResolved)
  }

  /** A client may finish early if it has sent its data already; one that has sent none is gone. */
  #isGone(slot: number, { rest }: Bind): boolean {
    return rest.length === 0 && this.#sessions.hasLeft(slot)
  }

  #expect(slot: number, bind: Bind, addresses: readonly Address[]): void {
    bind.peers = addresses.filter(({ bytes }) => !this.#isForbidden(bytes, bind.port))
    const [first] = bind.peers
    if (!first) return this.#refuse(slot, addresses.length > 0 ? notAllowed : notFound)
    this.#sessions.leadsTo(slot, first.bytes, bind.port)
    this.#listen(slot, bind)
  }

  /** Listen, and tell the client where. */
  #listen(slot: number, { peers }: Bind): void {
    const fd = this.#open(slot, peers)
    const problem = this.#sessions.extras.add(slot, fd, arriving)
    if (problem < 0) return this.#refuse(slot, -problem)
    this.#sessions.enter(slot, State.listening)
    this.#wheel.set(slot, this.#clock.now + this.#timeouts.bind)
    boundAddress(fd)
    this.#tell(slot)
  }

  /** A socket that listens on the address that the first peer there is a way to can reach, or on the client's. */
  #open(slot: number, peers: readonly Address[]): number {
    let result = peers.length === 0 ? boundAddress(this.#sessions.fd[clientOf(slot)]) : -errno.ENETUNREACH
    for (const peer of peers) {
      result = addressTowards(peer)
      if (result === 0) break
    }
    return result < 0 ? result : listen(addressOf(lastAddress), 0, backlog)
  }

  /** Whether the one who came last is whom the client expects, or may be anybody. */
  #isExpected({ peers }: Bind): boolean {
    const address = bytesOf(lastAddress)
    if (peers.length > 0 && !peers.some(({ bytes }) => isSame(bytes, address))) return false
    return !this.#isForbidden(address, portOf(lastAddress))
  }

  #arrived(slot: number, { rest }: Bind, fd: number, listener: number): void {
    const sessions = this.#sessions
    const { keepalive, userTimeout } = this.liveness
    const target = targetOf(slot)
    sessions.leadsTo(slot, bytesOf(lastAddress), portOf(lastAddress))
    sessions.fd[target] = fd
    // Inherited from the listening socket (tcp(7)).
    sessions.flags[target] = Flag.prompt
    sessions.extras.close(listener)
    if (keepalive !== 0 || userTimeout !== 0) setLiveness(fd, keepalive, userTimeout)
    const problem = this.#epoll.add(fd, watched, target, sessions.generation[slot])
    if (problem < 0) return this.#refuse(slot, -problem)
    if (!this.#tell(slot)) return
    sessions.binds.delete(slot)
    this.#relay.begin(slot, rest)
  }

  /** Send a reply that carries `lastAddress`: where we listen, or who has come. */
  #tell(slot: number): boolean {
    const bound = { bytes: bytesOf(lastAddress), port: portOf(lastAddress) }
    return this.#farewell.reply(slot, encodeReply(Reply.succeeded, bound))
  }

  #refuse(slot: number, error: number): void {
    const [reply, reason] = refusalOf(error)
    this.#sessions.binds.delete(slot)
    this.#farewell.refuse(slot, encodeReply(reply), reason)
  }
}
