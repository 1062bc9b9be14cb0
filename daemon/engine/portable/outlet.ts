import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import { formatAddress, isUnspecified, parseAddress, reachedBy } from '../../net/address.ts'
import type { Egress } from '../../net/egress.ts'
import type { Bound } from '../../socks/messages.ts'
import { Contacts } from '../shared/contacts.ts'
import { mostOutlets, type Outbound, type OutletAddress, outletsReserved } from '../shared/egress-addresses.ts'
import { Direction } from '../shared/limit-lines.ts'
import type { RelayPorts } from '../shared/relay-ports.ts'
import { DatagramMemo } from '../shared/verdicts.ts'
import type { Session } from './session.ts'

/** Bytes that may wait to be sent by one socket, as many as the largest datagram has; what comes while it is more is dropped. */
const mostQueued = 65_536

interface OutletSocket extends OutletAddress {
  bytes: Uint8Array
  /** Undefined if there is none to be had. */
  readonly socket: Promise<Socket | undefined>
}

/** Where a datagram is to go: the name asked for, or '', and the literals of its addresses. */
export interface Place {
  readonly name: string
  readonly addresses: readonly string[]
  readonly port: number
}

/** The targets' side of an association: a socket for each family, or for each egress, made when it is first needed. */
export class Outlet {
  readonly #session: Session
  readonly #answered: (payload: Buffer, source: Bound) => void
  /** The oldest first; at most `mostOutlets`. */
  readonly #sockets: OutletSocket[] = []
  readonly #contacts: Contacts
  readonly #memo = new DatagramMemo()
  /** What the row shows, so that it is written only if it changes. */
  #shown = ''

  /** `answered` hears what comes from those that were sent to. */
  constructor(session: Session, answered: (payload: Buffer, source: Bound) => void) {
    this.#session = session
    this.#answered = answered
    this.#contacts = new Contacts(session.context.associations)
    const { row, context } = session
    void session.ended.then(() => context.extras.give(Math.max(0, this.#sockets.splice(0).length - outletsReserved)))
    session.onRules = () => this.#contacts.review((contact) => context.verdicts.allowsStill(row.slot, contact))
  }

  /** Sends to the first of the addresses that is allowed and that there is a way to, if there is one. Never rejects. */
  async send(payload: Buffer, place: Place): Promise<void> {
    const { row, context } = this.#session
    const name = place.name === '' ? undefined : place.name
    for (const written of place.addresses) {
      // Its row may be another session's.
      if (this.#session.isOver) return
      const asked = parseAddress(written)
      if (!asked || !context.verdicts.allowsDatagram(row.slot, this.#memo, name, asked, place.port)) continue
      const literal = reachedLiteral(written)
      const address = reachedBy(asked)
      if (context.relayPorts.has(address, place.port)) continue
      const socket = await this.#socketFor({ user: row.user, name, bytes: address.bytes })
      if (this.#session.isOver) return
      if (socket && (await this.#sendBy(socket, payload, literal, address.bytes, place))) return
    }
    row.countDatagram(Direction.up, false)
  }

  /** Resolves to whether it has gone, or is lost for good; if not, there may be a way to another address. */
  #sendBy(
    socket: Socket,
    payload: Buffer,
    literal: string,
    bytes: Uint8Array,
    { name, port }: Place,
  ): Promise<boolean> {
    const { row, context } = this.#session
    if (isChoked(socket) || !context.pacer.passes(row, Direction.up, payload.length)) {
      row.countDatagram(Direction.up, false)
      return Promise.resolve(true)
    }
    this.#contacts.add(bytes, name === '' ? undefined : name, port)
    return new Promise((resolve) => {
      socket.send(payload, port, literal, (error) => {
        resolve(error === null)
        if (error || this.#session.isOver) return
        this.#show(name, literal, port)
        row.countDatagram(Direction.up, true)
        row.deliveredUp(payload.length)
        this.#session.touch()
      })
    })
  }

  #show(name: string, address: string, port: number): void {
    const shown = `${name} ${address} ${port}`
    if (shown !== this.#shown) this.#session.row.sent(name, address, port)
    this.#shown = shown
  }

  /** The egress is that of the verdict on the address. */
  #socketFor(outbound: Outbound): Promise<Socket | undefined> {
    const { verdicts, egress } = this.#session.context
    const known = this.#sockets.find((each) => egress.serves(each, verdicts.egress, outbound.bytes.length))
    return known ? known.socket : this.#open(verdicts.egress, outbound)
  }

  #open(egress: Egress | undefined, outbound: Outbound): Promise<Socket | undefined> {
    const [oldest] = this.#sockets
    if (oldest && this.#sockets.length >= mostOutlets) this.#drop(oldest)
    const hasRoom = this.#sockets.length < outletsReserved || this.#session.context.extras.takeSpare()
    if (!hasRoom) return Promise.resolve(undefined)
    const outlet: OutletSocket = {
      bytes: new Uint8Array(outbound.bytes.length),
      egress,
      socket: this.#bind(egress, outbound).then((socket) => this.#opened(outlet, socket)),
    }
    this.#sockets.push(outlet)
    return outlet.socket
  }

  /** To the first address of the egress that is there still. */
  async #bind(egress: Egress | undefined, outbound: Outbound): Promise<Socket | undefined> {
    const { egress: addresses, relayPorts } = this.#session.context
    const wildcard = { bytes: new Uint8Array(outbound.bytes.length), scope: 0 }
    for (const address of egress ? addresses.order(egress, outbound) : [wildcard]) {
      try {
        return await openDatagramSocket(formatAddress(address.bytes), relayPorts)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EADDRNOTAVAIL') return undefined
        addresses.isGone(address)
      }
    }
    return undefined
  }

  #opened(outlet: OutletSocket, socket: Socket | undefined): Socket | undefined {
    if (!socket || this.#session.isOver) {
      this.#drop(outlet)
      return void socket?.close()
    }
    outlet.bytes = parseAddress(socket.address().address)?.bytes ?? outlet.bytes
    // One that was dropped is closed already, or will be.
    this.#session.own(socket, () => this.#sockets.includes(outlet) && socket.close())
    return socket.on('message', (payload, { address, port }) => {
      const bytes = parseAddress(address)?.bytes
      const { row, context } = this.#session
      const isTaken =
        bytes &&
        this.#contacts.has(bytes) &&
        context.datagramTurns.take(this.#session, payload.length, () => this.#answered(payload, { bytes, port }))
      if (!isTaken) row.countDatagram(Direction.down, false)
    })
  }

  #drop(outlet: OutletSocket): void {
    const at = this.#sockets.indexOf(outlet)
    if (at < 0) return
    this.#sockets.splice(at, 1)
    if (this.#sockets.length >= outletsReserved) this.#session.context.extras.give(1)
    // What it was given to send leaves before.
    void outlet.socket.then((socket) => socket && setImmediate(() => socket.close()))
  }
}

/**
 * A socket for datagrams on any port of an address; rejects with an error of bind(2) if there is none to be had. What cannot
 * be sent or received is lost, as datagrams may be.
 */
export async function openDatagramSocket(address: string, relayPorts: RelayPorts): Promise<Socket> {
  const ipv6Only = isIPv6(address)
  const socket = createSocket({ type: ipv6Only ? 'udp6' : 'udp4', ipv6Only })
  try {
    socket.bind({ address, port: 0, exclusive: true })
    await once(socket, 'listening')
  } catch (error) {
    socket.close()
    throw error
  }
  const [length, { port }] = [ipv6Only ? 16 : 4, socket.address()]
  relayPorts.open(length, port)
  return socket.on('error', () => {}).on('close', () => relayPorts.close(length, port))
}

/** See `reachedBy`. */
function reachedLiteral(literal: string): string {
  const address = parseAddress(literal)
  return address && isUnspecified(address.bytes) ? formatAddress(reachedBy(address).bytes) : literal
}

/** Whether so much waits to be sent that no more may. */
export function isChoked(socket: Socket): boolean {
  return socket.getSendQueueSize() > mostQueued
}
