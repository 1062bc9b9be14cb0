import { type Address, isSame, reachedBy } from '../../net/address.ts'
import type { Destination } from '../../net/destination.ts'
import { Arrivals, Departures } from '../../os/datagrams.ts'
import { EPOLLIN } from '../../os/epoll.ts'
import { bytesOf, encodeSocketAddress, portOf, socketAddressBytes } from '../../os/socket-address.ts'
import { addressTowards, bindUdpSocket, sendDatagram } from '../../os/udp.ts'
import { type Datagram, parseDatagram, writeHeader } from '../../socks/datagram.ts'
import type { Association, Associations } from './association.ts'
import type { LoopContext } from './context.ts'
import { type Sessions, targetOf } from './sessions.ts'

/** Datagrams of one association that may wait for their names. */
const mostWaiting = 16
/** And so many bytes of them: as many as the largest datagram has. */
const mostWaitingBytes = 65_536

/**
 * Moves the datagrams of all associations, a batch at a time, each from where it came in: the header is taken off, or put
 * before it, in place. Whatever cannot be sent now is lost, as datagrams may be.
 */
export class DatagramRelay {
  readonly #loop: LoopContext
  readonly #sessions: Sessions
  readonly #associations: Associations
  readonly #arrivals = new Arrivals()
  readonly #toClient = new Departures(this.#arrivals)
  readonly #toIpv4 = new Departures(this.#arrivals)
  readonly #toIpv6 = new Departures(this.#arrivals)
  readonly #ownAddress = new Uint8Array(socketAddressBytes)

  constructor(loop: LoopContext, associations: Associations) {
    this.#associations = associations
    this.#loop = loop
    this.#sessions = loop.sessions
  }

  /** Datagrams wait at one of the association's sockets. */
  onArrival(slot: number, association: Association, fd: number): void {
    const count = this.#arrivals.receive(fd)
    if (fd === this.#sessions.fd[targetOf(slot)]) this.#fromClient(slot, association, count)
    else this.#fromTargets(slot, association, count)
  }

  /** The name's addresses have come: send on what waits for them. */
  onName(slot: number, association: Association, name: string, addresses: readonly Address[]): void {
    const { waiting } = association
    association.waiting = waiting.filter((datagram) => datagram.name !== name)
    for (const datagram of waiting) if (datagram.name === name) this.#sendLate(slot, association, datagram, addresses)
  }

  #fromClient(slot: number, association: Association, count: number): void {
    let last: Destination | undefined
    let lastAddress: Address | undefined
    for (let i = 0; i < count; i++) {
      const start = this.#arrivals.start(i)
      const bytes = this.#arrivals.memory.subarray(start, start + this.#arrivals.length(i))
      const datagram = isFromClient(association, this.#arrivals.source(i)) ? parseDatagram(bytes) : undefined
      const address = datagram && this.#addressFor(slot, association, datagram, bytes)
      if (!datagram || !address || !this.#wayTo(slot, association, address, datagram.destination.port)) continue
      const departures = address.bytes.length === 4 ? this.#toIpv4 : this.#toIpv6
      const length = bytes.length - datagram.payload
      const to = departures.add(start + datagram.payload, length, length)
      encodeSocketAddress(to, address.bytes, datagram.destination.port, address.scope)
      last = datagram.destination
      lastAddress = address
    }
    if (!last || !lastAddress) return
    const sent = this.#toIpv4.send(association.ipv4) + this.#toIpv6.send(association.ipv6)
    this.#sessions.ledTo(slot, last, lastAddress.bytes)
    this.#sessions.countUp(slot, sent)
    this.#sessions.touched[slot] = this.#loop.clock.now
  }

  #fromTargets(slot: number, { client, clientPort, heard }: Association, count: number): void {
    client[2] = clientPort.port >> 8
    client[3] = clientPort.port
    let taken = 0
    for (let i = 0; i < count; i++) {
      const source = this.#arrivals.source(i)
      const bytes = bytesOf(source)
      if (!heard.has(bytes)) continue
      const end = this.#arrivals.start(i)
      const start = writeHeader(this.#arrivals.memory, end, { bytes, port: portOf(source) })
      const length = this.#arrivals.length(i)
      this.#toClient.add(start, end - start + length, length).set(client)
      taken++
    }
    if (taken > 0) this.#sessions.countDown(slot, this.#toClient.send(this.#sessions.fd[targetOf(slot)]))
  }

  /** Where to send a datagram now; undefined if nowhere, or if it waits for its name. */
  #addressFor(slot: number, association: Association, datagram: Datagram, bytes: Uint8Array): Address | undefined {
    const { destination } = datagram
    if (destination.kind === 'address') return reachedBy(destination)
    const { name, port } = destination
    const known = this.#loop.names.recall(name)
    if (known) return this.#choose(association, known, port)
    // Nothing is asked for a datagram that is lost anyway: a client could have us ask without end.
    if (!mayWait(association, bytes.length - datagram.payload)) return undefined
    const isAsked = association.waiting.some((waiting) => waiting.name === name)
    if (!isAsked) this.#loop.names.ask(name, slot)
    association.waiting = [...association.waiting, { name, port, payload: bytes.slice(datagram.payload) }]
    return undefined
  }

  /** The first of a name's addresses that is allowed and that there is a way to. */
  #choose(association: Association, from: readonly Address[], port: number): Address | undefined {
    const allowed = from.filter((address) => this.#loop.rules.judge(address, port))
    if (allowed.length < 2) return allowed[0]
    if (association.choice?.from === from && allowed.includes(association.choice.address))
      return association.choice.address
    const address = allowed.find((address) => addressTowards(address, this.#ownAddress) === 0) ?? allowed[0]
    if (address) association.choice = { from, address }
    return address
  }

  /** Whether the association may send there, and has a socket to do it; answers are let in from now on. */
  #wayTo(slot: number, association: Association, address: Address, port: number): boolean {
    const { bytes } = address
    if (!this.#loop.rules.judge(address, port) || this.#associations.relayPorts.has(address, port)) return false
    const family = bytes.length === 4 ? 'ipv4' : 'ipv6'
    if (association[family] < 0) {
      const fd = bindUdpSocket({ bytes: new Uint8Array(bytes.length), scope: 0 })
      if (this.#sessions.extras.add(slot, fd, EPOLLIN) < 0) return false
      association[family] = fd
      this.#associations.opened(association, fd)
    }
    association.heard.add(bytes)
    return true
  }

  #sendLate(
    slot: number,
    association: Association,
    { name, port, payload }: Association['waiting'][number],
    addresses: readonly Address[],
  ): void {
    const address = this.#choose(association, addresses, port)
    if (!address || !this.#wayTo(slot, association, address, port)) return
    const fd = address.bytes.length === 4 ? association.ipv4 : association.ipv6
    const sent = sendDatagram(fd, payload, address, port)
    this.#sessions.ledTo(slot, { kind: 'name', name, port }, address.bytes)
    this.#sessions.countUp(slot, Math.max(0, sent))
    this.#sessions.touched[slot] = this.#loop.clock.now
  }
}

/** Whether one more datagram, with so many bytes of payload, may wait for its name. */
function mayWait({ waiting }: Association, length: number): boolean {
  const bytes = waiting.reduce((sum, { payload }) => sum + payload.length, 0)
  return waiting.length < mostWaiting && bytes + length <= mostWaitingBytes
}

/** Whether a datagram comes from the association's client. */
function isFromClient({ client, clientPort }: Association, source: Uint8Array): boolean {
  return isSame(bytesOf(source), bytesOf(client)) && clientPort.admits(portOf(source))
}
