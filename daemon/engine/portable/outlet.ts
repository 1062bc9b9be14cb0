import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { type Address, formatAddress, parseAddress, reachedBy, unmapped } from '../../net/address.ts'
import type { Egress } from '../../net/egress.ts'
import type { Bound } from '../../socks/messages.ts'
import { Contacts } from '../shared/contacts.ts'
import { mostOutlets, type Outbound, type OutletAddress, outletsReserved } from '../shared/egress-addresses.ts'
import { Direction } from '../shared/limit-lines.ts'
import type { RelayPorts } from '../shared/relay-ports.ts'
import { holderOf } from '../shared/shares.ts'
import { DatagramMemo } from '../shared/verdicts.ts'
import type { Session } from './session.ts'

/** Bytes that may wait to be sent by one socket, as many as the largest datagram has; what comes while it is more is dropped. */
const mostQueued = 65_536
const nowhere: Uint8Array = new Uint8Array(0)

interface OutletSocket extends OutletAddress {
  readonly bytes: Uint8Array
  readonly socket: Socket
}

/** Where a datagram is to go: the name asked for, or '', and its addresses. */
export interface Place {
  readonly name: string
  readonly ways: readonly Way[]
  readonly port: number
}

/** One address of a place, the one that is reached by it (see `reachedBy`), and the literal of that. */
interface Way {
  readonly asked: Address
  readonly reached: Address
  readonly literal: string
}

/** `scope` and all, as `written`. */
export function wayTo(asked: Address, written = formatAddress(asked.bytes)): Way {
  const reached = reachedBy(asked)
  return { asked, reached, literal: reached === asked ? written : formatAddress(reached.bytes) }
}

/** The targets' side of an association: a socket for each family, or for each egress, made when it is first needed. */
export class Outlet {
  readonly #session: Session
  readonly #holder: string
  readonly #answered: (payload: Buffer, source: Bound) => void
  /** The oldest first; at most `mostOutlets`. */
  readonly #sockets: OutletSocket[] = []
  readonly #contacts: Contacts
  readonly #memo = new DatagramMemo()
  /** What the row shows, so that it is written only if it changes. */
  #shown = { name: '', literal: '', port: 0 }
  /** Who was heard last. */
  #heard = { literal: '', bytes: nowhere }

  /** `answered` hears what comes from those that were sent to. */
  constructor(session: Session, answered: (payload: Buffer, source: Bound) => void) {
    this.#session = session
    this.#answered = answered
    this.#contacts = new Contacts(session.context.associations)
    const { row, context } = session
    this.#holder = holderOf(row.user, unmapped(row.client))
    void session.ended.then(() => {
      const spare = Math.max(0, this.#sockets.splice(0).length - outletsReserved)
      context.extras.giveSpare(this.#holder, spare)
    })
    session.onRules = () => this.#contacts.review((contact) => context.verdicts.allowsStill(row.slot, contact))
  }

  /** Sends to the first of the addresses, from that one on, that is allowed and that there is a way to, if there is one. */
  send(payload: Buffer, place: Place, from = 0): void {
    // Its row may be another session's.
    if (this.#session.isOver) return
    const { row, context } = this.#session
    const { ways, port } = place
    const name = place.name === '' ? undefined : place.name
    for (let at = from; at < ways.length; at++) {
      const { asked, reached } = ways[at] as Way
      if (!context.verdicts.allowsDatagram(row.slot, this.#memo, name, asked, port)) continue
      if (context.relayPorts.has(reached, port)) continue
      const socket = this.#socketFor({ user: row.user, name, bytes: reached.bytes })
      if (socket) return this.#sendBy(socket, payload, place, at)
    }
    row.countDatagram(Direction.up, false)
  }

  /** By this way of its place, or, if it turns out to be none, by a later one. */
  #sendBy(socket: Socket, payload: Buffer, place: Place, at: number): void {
    const { row, context } = this.#session
    if (isChoked(socket) || !context.pacer.passes(row, Direction.up, payload.length))
      return row.countDatagram(Direction.up, false)
    const { name, ways, port } = place
    const { reached, literal } = ways[at] as Way
    this.#contacts.add(reached.bytes, name === '' ? undefined : name, port)
    socket.send(payload, port, literal, (error) => {
      if (error) return this.send(payload, place, at + 1)
      if (this.#session.isOver) return
      this.#show(name, literal, port)
      row.countDatagram(Direction.up, true)
      row.deliveredUp(payload.length)
      this.#session.touch()
    })
  }

  #show(name: string, literal: string, port: number): void {
    const shown = this.#shown
    if (shown.port === port && shown.literal === literal && shown.name === name) return
    this.#shown = { name, literal, port }
    this.#session.row.sent(name, literal, port)
  }

  /** Undefined if there is none to be had. The egress is that of the verdict on the address. */
  #socketFor(outbound: Outbound): Socket | undefined {
    const { verdicts, egress } = this.#session.context
    for (const each of this.#sockets)
      if (egress.serves(each, verdicts.egress, outbound.bytes.length)) return each.socket
    return this.#open(verdicts.egress, outbound)
  }

  #open(egress: Egress | undefined, outbound: Outbound): Socket | undefined {
    const [oldest] = this.#sockets
    if (oldest && this.#sockets.length >= mostOutlets) this.#drop(oldest)
    const isExtra = this.#sockets.length >= outletsReserved
    const { extras } = this.#session.context
    if (isExtra && !extras.takeSpare(this.#holder)) return undefined
    const socket = this.#bind(egress, outbound)
    if (socket) this.#attend(socket, egress)
    else if (isExtra) extras.giveSpare(this.#holder, 1)
    return socket
  }

  /** To the first address of the egress that is there still. */
  #bind(egress: Egress | undefined, outbound: Outbound): Socket | undefined {
    const { egress: addresses, relayPorts } = this.#session.context
    const wildcard = { bytes: new Uint8Array(outbound.bytes.length), scope: 0 }
    for (const address of egress ? addresses.order(egress, outbound) : [wildcard]) {
      try {
        return openDatagramSocket(formatAddress(address.bytes), relayPorts)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EADDRNOTAVAIL') return undefined
        addresses.isGone(address)
      }
    }
    return undefined
  }

  #attend(socket: Socket, egress: Egress | undefined): void {
    const bytes = parseAddress(socket.address().address)?.bytes ?? nowhere
    const outlet = { bytes, egress, socket }
    this.#sockets.push(outlet)
    // One that was dropped is closed already, or will be.
    this.#session.own(socket, () => this.#sockets.includes(outlet) && socket.close())
    const { row, context } = this.#session
    socket.on('message', (payload, { address, port }) => {
      const bytes = this.#bytesOf(address)
      const isTaken =
        this.#contacts.has(bytes) &&
        context.datagramTurns.take(this.#session, payload.length, () => this.#answered(payload, { bytes, port }))
      if (!isTaken) row.countDatagram(Direction.down, false)
    })
  }

  /** Most often whoever was heard last is heard again. */
  #bytesOf(literal: string): Uint8Array {
    if (literal !== this.#heard.literal) this.#heard = { literal, bytes: parseAddress(literal)?.bytes ?? nowhere }
    return this.#heard.bytes
  }

  #drop(outlet: OutletSocket): void {
    this.#sockets.splice(this.#sockets.indexOf(outlet), 1)
    if (this.#sockets.length >= outletsReserved) this.#session.context.extras.giveSpare(this.#holder, 1)
    // What it was given to send leaves before.
    setImmediate(() => outlet.socket.close())
  }
}

/**
 * A socket for datagrams on any port of an address; throws an error of bind(2) if there is none to be had. What cannot
 * be sent or received is lost, as datagrams may be. All its addresses are literals: Node's own look-up makes each datagram wait
 * for another turn of the queue behind this one.
 */
export function openDatagramSocket(address: string, relayPorts: RelayPorts): Socket {
  const ipv6Only = isIPv6(address)
  const family = ipv6Only ? 6 : 4
  const socket = createSocket({
    type: ipv6Only ? 'udp6' : 'udp4',
    ipv6Only,
    lookup: (literal, _, done) => done(null, literal, family),
  })
  let failure: Error | undefined
  socket.on('error', (error) => {
    failure = error
  })
  // With a look-up that answers at once, it is done when this returns, or has failed.
  socket.bind({ address, port: 0, exclusive: true })
  if (failure) {
    socket.close()
    throw failure
  }
  const [length, { port }] = [ipv6Only ? 16 : 4, socket.address()]
  relayPorts.open(length, port)
  return socket.on('close', () => relayPorts.close(length, port))
}

/** Whether so much waits to be sent that no more may. */
export function isChoked(socket: Socket): boolean {
  return socket.getSendQueueSize() > mostQueued
}
