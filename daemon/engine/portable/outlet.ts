import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import { formatAddress, isUnspecified, parseAddress, reachedBy } from '../../net/address.ts'
import type { Bound } from '../../socks/messages.ts'
import { Contacts } from '../shared/contacts.ts'
import { Direction } from '../shared/limit-lines.ts'
import type { RelayPorts } from '../shared/relay-ports.ts'
import { DatagramMemo } from '../shared/verdicts.ts'
import type { Session } from './session.ts'

/** Bytes that may wait to be sent by one socket, as many as the largest datagram has; what comes while it is more is dropped. */
const mostQueued = 65_536

/** Where a datagram is to go: the name asked for, or '', and the literals of its addresses. */
export interface Place {
  readonly name: string
  readonly addresses: readonly string[]
  readonly port: number
}

/** The targets' side of an association: a socket for each family, made when it is first needed. */
export class Outlet {
  readonly #session: Session
  readonly #answered: (payload: Buffer, source: Bound) => void
  /** By the address that each is bound to. */
  readonly #sockets = new Map<string, Promise<Socket | undefined>>()
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
    session.onRules = () => this.#contacts.review((contact) => context.verdicts.allowsStill(row.slot, contact))
  }

  /** Sends to the first of the addresses that is allowed and that there is a way to, if there is one. Never rejects. */
  async send(payload: Buffer, place: Place): Promise<void> {
    const { row, context } = this.#session
    for (const written of place.addresses) {
      const asked = parseAddress(written)
      const name = place.name === '' ? undefined : place.name
      if (!asked || !context.verdicts.allowsDatagram(row.slot, this.#memo, name, asked, place.port)) continue
      const literal = reachedLiteral(written)
      const address = reachedBy(asked)
      if (context.relayPorts.has(address, place.port)) continue
      const socket = await this.#socketFor(literal)
      if (this.#session.isOver) return
      if (socket && (await this.#sendBy(socket, payload, literal, address.bytes, place))) return
    }
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
    if (isChoked(socket) || !context.pacer.passes(row, Direction.up, payload.length)) return Promise.resolve(true)
    this.#contacts.add(bytes, name === '' ? undefined : name, port)
    return new Promise((resolve) => {
      socket.send(payload, port, literal, (error) => {
        resolve(error === null)
        if (error || this.#session.isOver) return
        this.#show(name, literal, port)
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

  #socketFor(address: string): Promise<Socket | undefined> {
    const wildcard = isIPv6(address) ? '::' : '0.0.0.0'
    const socket = this.#sockets.get(wildcard) ?? this.#open(wildcard)
    this.#sockets.set(wildcard, socket)
    return socket
  }

  async #open(wildcard: string): Promise<Socket | undefined> {
    const socket = await openDatagramSocket(wildcard, this.#session.context.relayPorts)
    if (this.#session.isOver) return void socket?.close()
    if (!socket) return void this.#sockets.delete(wildcard)
    this.#session.own(socket, () => socket.close())
    return socket.on('message', (payload, { address, port }) => {
      const bytes = parseAddress(address)?.bytes
      if (!bytes || !this.#contacts.has(bytes)) return
      const { datagramTurns } = this.#session.context
      datagramTurns.take(this.#session, payload.length, () => this.#answered(payload, { bytes, port }))
    })
  }
}

/**
 * A socket for datagrams on any port of an address; undefined if there is none to be had. What cannot be sent or received
 * is lost, as datagrams may be.
 */
export async function openDatagramSocket(address: string, relayPorts: RelayPorts): Promise<Socket | undefined> {
  const ipv6Only = isIPv6(address)
  const socket = createSocket({ type: ipv6Only ? 'udp6' : 'udp4', ipv6Only })
  try {
    socket.bind({ address, port: 0, exclusive: true })
    await once(socket, 'listening')
  } catch {
    socket.close()
    return undefined
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
