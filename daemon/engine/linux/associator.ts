import { type Address, loopbackIpv6, parseAddress } from '../../net/address.ts'
import type { Destination } from '../../net/destination.ts'
import { EPOLLERR, EPOLLHUP, EPOLLRDHUP } from '../../os/epoll.ts'
import { errnoName, recv } from '../../os/libc.ts'
import { MSG_TRUNC } from '../../os/socket.ts'
import { bindUdpSocket } from '../../os/udp.ts'
import { Reason, State, Total } from '../session-table.ts'
import { ClientPort } from '../shared/client-port.ts'
import { type DatagramEnds, datagramEnds, toldOf } from '../shared/datagram-ends.ts'
import { noRoomForAssociation } from '../shared/descriptor-shares.ts'
import { outletsReserved } from '../shared/egress-addresses.ts'
import { notAllowed } from '../shared/refusals.ts'
import { holderOf } from '../shared/shares.ts'
import type { Opener } from './admitter.ts'
import type { Associations } from './association.ts'
import { clientEnds } from './client-ends.ts'
import type { LoopContext } from './context.ts'
import { arriving, type DatagramRelay } from './datagram-relay.ts'
import { clientOf, dropBytes, Flag, isClient, type Sessions, slotOf, targetOf } from './sessions.ts'
import type { Stage } from './stage.ts'

/**
 * UDP ASSOCIATE (RFC 1928, section 7): opens a socket for the client's datagrams and tells it where; from then on the
 * control connection only stands for how long the association lives. `DatagramRelay` moves the datagrams.
 */
export class Associator implements Opener, Stage {
  readonly #loop: LoopContext
  readonly #sessions: Sessions
  readonly #datagrams: DatagramRelay
  readonly #associations: Associations

  constructor(loop: LoopContext, associations: Associations, datagrams: DatagramRelay) {
    this.#loop = loop
    this.#sessions = loop.sessions
    this.#associations = associations
    this.#datagrams = datagrams
  }

  /** The request may declare where datagrams will come from. */
  begin(slot: number, declared: Destination): void {
    const { fd, flags, extras, generation, table } = this.#sessions
    const { policy, refusals, epoll, clock, timeouts, replies, post } = this.#loop
    if (flags[clientOf(slot)] & Flag.finishing) return this.#sessions.closeBehindInput(slot, Reason.gone)
    const ends = clientEnds(this.#sessions, slot)
    const { bytes } = ends.client
    const clientPort = new ClientPort(declared, bytes, policy.udpPortRequired)
    if (policy.udpPortRequired && clientPort.port === 0) return refusals.fail(slot, notAllowed)
    const holder = holderOf(table.user[slot], bytes)
    const isRoom = this.#associations.shares.isFree(holder, Math.floor(extras.left / outletsReserved))
    if (!isRoom || !extras.reserve(slot, outletsReserved)) {
      post({ type: 'warn', message: noRoomForAssociation })
      return refusals.fail(slot, 'EMFILE')
    }
    const [relay, client] = open(declared, ends)
    if (relay < 0) return refusals.fail(slot, errnoName(-relay))
    fd[targetOf(slot)] = relay
    const problem = epoll.add(relay, arriving, targetOf(slot), generation[slot])
    if (problem < 0) return refusals.fail(slot, errnoName(-problem))
    const association = this.#associations.begin(slot, relay, holder, clientPort, client)
    const advertised = policy.udpAdvertise.flatMap((text) => parseAddress(text)?.bytes ?? [])
    const bound = toldOf(declared, association.bound, advertised)
    if (!replies.succeed(slot, bound)) return this.forget(slot)
    this.#sessions.enter(slot, State.open)
    table.totals[Total.connected]++
    this.#datagrams.begin(slot)
    this.#sessions.touched[slot] = clock.now
    this.#sessions.setDeadline(slot, timeouts.udp)
  }

  onEvent(half: number, events: number): void {
    const slot = slotOf(half)
    if (isClient(half)) this.#onClientEvent(slot, events)
    else this.onExtra(slot, this.#sessions.fd[half])
  }

  /** Datagrams have come, to the client's socket or to one towards targets. */
  onExtra(slot: number, fd: number): void {
    const association = this.#associations.get(slot)
    if (association) this.#datagrams.onArrival(association, fd)
  }

  onName(slot: number, name: string, addresses: readonly Address[] = []): void {
    const association = this.#associations.get(slot)
    if (association) this.#datagrams.onName(association, name, addresses)
  }

  /** The association is over if its client has sent nothing for too long, however much its targets send. */
  onDeadline(slot: number): void {
    const left = this.#sessions.touched[slot] + this.#loop.timeouts.udp - this.#loop.clock.now
    if (left > 0) this.#sessions.setDeadline(slot, left)
    else this.#sessions.reset(slot, Reason.idle)
  }

  onRules(slot: number): void {
    const { verdicts } = this.#loop
    this.#associations.get(slot)?.contacts.review((contact) => verdicts.allowsStill(slot, contact))
  }

  forget(slot: number): void {
    const association = this.#associations.get(slot)
    if (!association) return
    this.#associations.end(association)
    this.#datagrams.forget(association)
    // Who reads that the session has ended finds its port free.
    this.#sessions.closeTarget(slot)
  }

  /** The control connection's end is the association's; what comes before means nothing. */
  #onClientEvent(slot: number, events: number): void {
    if (events & EPOLLERR) return this.#sessions.reset(slot, Reason.reset)
    const client = this.#sessions.fd[clientOf(slot)]
    if (events & (EPOLLRDHUP | EPOLLHUP)) return this.#sessions.closeBehindInput(slot, Reason.finished)
    recv(client, null, dropBytes, MSG_TRUNC)
  }
}

/** A socket for the client's datagrams, or a negated errno, and the address that they will come from. */
function open(declared: Destination, asConnected: DatagramEnds<Address>): [number, Address] {
  let relay = 0
  for (const ends of datagramEnds(declared, asConnected.client.bytes, asConnected, loopbackIpv6)) {
    relay = bindUdpSocket(ends.relay)
    if (relay >= 0) return [relay, ends.client]
  }
  return [relay, asConnected.client]
}
