import { type Address, loopbackIpv6, parseAddress } from '../../net/address.ts'
import type { Destination } from '../../net/destination.ts'
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLRDHUP, type Epoll } from '../../os/epoll.ts'
import { errno, recv } from '../../os/libc.ts'
import { boundAddress, lastAddress, MSG_TRUNC, peerAddress } from '../../os/socket.ts'
import { addressOf, encodeSocketAddress, socketAddressBytes } from '../../os/socket-address.ts'
import { bindUdpSocket } from '../../os/udp.ts'
import { encodeReply, Reply } from '../../socks/messages.ts'
import { ClientPort } from '../client-port.ts'
import type { Policy, Timeouts } from '../engine.ts'
import { Reason, State, Total } from '../session-table.ts'
import { holderOf, noRoomForAssociation } from '../shared/association-shares.ts'
import { datagramEnds, toldOf } from '../shared/datagram-ends.ts'
import { type Association, RecentAddresses } from './association.ts'
import type { DatagramRelay } from './datagram-relay.ts'
import { notAllowed, refusalOf } from './dialer.ts'
import type { Farewell } from './farewell.ts'
import { type Clock, clientOf, Flag, type Sessions, targetOf } from './sessions.ts'
import type { TimerWheel } from './timer-wheel.ts'

/** Sockets towards targets, one for each family. */
const socketsTowardsTargets = 2
/** What the client says on its control connection is dropped, so much at once. */
const dropBytes = 1024 * 1024

/**
 * UDP ASSOCIATE (RFC 1928, section 7): opens a socket for the client's datagrams and tells it where; from then on the
 * control connection only stands for how long the association lives. `DatagramRelay` moves the datagrams.
 */
export class Associator {
  readonly #sessions: Sessions
  readonly #epoll: Epoll
  readonly #wheel: TimerWheel
  readonly #clock: Clock
  readonly #timeouts: Timeouts
  readonly #farewell: Farewell
  readonly #datagrams: DatagramRelay
  readonly #warn: (message: string) => void
  #advertised: readonly Uint8Array[] = []
  #portRequired = false

  constructor(
    parts: { sessions: Sessions; epoll: Epoll; wheel: TimerWheel; clock: Clock; farewell: Farewell },
    datagrams: DatagramRelay,
    timeouts: Timeouts,
    warn: (message: string) => void,
  ) {
    this.#sessions = parts.sessions
    this.#epoll = parts.epoll
    this.#wheel = parts.wheel
    this.#clock = parts.clock
    this.#farewell = parts.farewell
    this.#datagrams = datagrams
    this.#timeouts = timeouts
    this.#warn = warn
  }

  /** Associations that begin from now on obey it, and so do datagrams. */
  obey(policy: Policy): void {
    this.#advertised = policy.udpAdvertise.flatMap((text) => parseAddress(text)?.bytes ?? [])
    this.#portRequired = policy.udpPortRequired
    this.#datagrams.obey(policy)
  }

  /** Begin with a request, which may declare where datagrams will come from. */
  begin(slot: number, declared: Destination): void {
    const { fd, flags, associations, extras, generation, table } = this.#sessions
    if (flags[clientOf(slot)] & Flag.finishing) return this.#sessions.close(slot, Reason.gone)
    peerAddress(fd[clientOf(slot)])
    const peer = addressOf(lastAddress)
    const clientPort = new ClientPort(declared, peer.bytes, this.#portRequired)
    if (this.#portRequired && clientPort.port === 0) return this.#refuse(slot, notAllowed)
    const holder = holderOf(table.user[slot], peer.bytes)
    const isRoom = associations.shares.isFree(holder, Math.floor(extras.left / socketsTowardsTargets))
    if (!isRoom || !extras.reserve(slot, socketsTowardsTargets)) {
      this.#warn(noRoomForAssociation)
      return this.#refuse(slot, errno.EMFILE)
    }
    const [relay, client] = this.#open(slot, declared, peer)
    if (relay < 0) return this.#refuse(slot, -relay)
    fd[targetOf(slot)] = relay
    const problem = this.#epoll.add(relay, EPOLLIN, targetOf(slot), generation[slot])
    if (problem < 0) return this.#refuse(slot, -problem)
    const association = associationOf(holder, client, clientPort)
    associations.begin(slot, association)
    const bound = toldOf(declared, associations.opened(association, relay), this.#advertised)
    if (!this.#farewell.reply(slot, encodeReply(Reply.succeeded, bound))) return
    this.#sessions.enter(slot, State.open)
    table.totals[Total.connected]++
    this.#sessions.touched[slot] = this.#clock.now
    this.#wheel.set(slot, this.#clock.now + this.#timeouts.udp)
  }

  /** A name that the association has sent to has these addresses; none if it has none. */
  resolved(slot: number, addresses: readonly Address[], name: string): void {
    this.#datagrams.resolved(slot, addresses, name)
  }

  /** The control connection's end is the association's; what comes before means nothing. */
  onClientEvent(slot: number, events: number): void {
    if (events & EPOLLERR) return this.#sessions.reset(slot, Reason.reset)
    const client = this.#sessions.fd[clientOf(slot)]
    const isOver = events & (EPOLLRDHUP | EPOLLHUP)
    let dropped = recv(client, null, dropBytes, MSG_TRUNC)
    // Nothing follows what the kernel holds, so with that dropped the close is no RST.
    while (isOver && dropped > 0) dropped = recv(client, null, dropBytes, MSG_TRUNC)
    if (isOver) this.#sessions.close(slot, Reason.finished)
  }

  /** It is over if its client has sent nothing for too long, however much its targets send. */
  onDeadline(slot: number): void {
    const due = this.#sessions.touched[slot] + this.#timeouts.udp
    if (due > this.#clock.now) this.#wheel.set(slot, due)
    else this.#sessions.reset(slot, Reason.idle)
  }

  /** Datagrams have come, to the client's socket or to one towards targets. */
  onTargetEvent(slot: number, fd: number): void {
    this.#datagrams.onArrival(slot, fd)
  }

  /** A socket for the client's datagrams, or a negated errno, and the address that they will come from. */
  #open(slot: number, declared: Destination, peer: Address): [number, Address] {
    boundAddress(this.#sessions.fd[clientOf(slot)])
    let relay = 0
    const asConnected = { relay: addressOf(lastAddress), client: peer }
    for (const ends of datagramEnds(declared, asConnected.relay.bytes, asConnected, loopbackIpv6)) {
      relay = bindUdpSocket(ends.relay)
      if (relay >= 0) return [relay, ends.client]
    }
    return [relay, peer]
  }

  #refuse(slot: number, error: number): void {
    const [reply, reason] = refusalOf(error)
    this.#farewell.refuse(slot, encodeReply(reply), reason)
  }
}

function associationOf(holder: string, address: Address, clientPort: ClientPort): Association {
  const client = new Uint8Array(socketAddressBytes)
  encodeSocketAddress(client, address.bytes, 0, address.scope)
  const heard = new RecentAddresses()
  return { holder, client, clientPort, ipv4: -1, ipv6: -1, bound: [], heard, waiting: [], choice: undefined }
}
