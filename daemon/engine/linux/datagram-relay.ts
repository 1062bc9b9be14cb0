import { type Address, isSame, reachedBy } from '../../net/address.ts'
import type { Destination } from '../../net/destination.ts'
import { Arrivals, batchSize, Departures } from '../../os/datagrams.ts'
import { EPOLLET, EPOLLIN } from '../../os/epoll.ts'
import { bytesOf, encodeSocketAddress, portOf, socketAddressBytes } from '../../os/socket-address.ts'
import { addressTowards, bindUdpSocket, sendDatagram } from '../../os/udp.ts'
import { type Datagram, parseDatagram, writeHeader } from '../../socks/datagram.ts'
import { showDatagram } from '../row-place.ts'
import { mostOutlets } from '../shared/egress-addresses.ts'
import { Direction } from '../shared/limit-lines.ts'
import type { Association, Associations, Late, OutletSocket } from './association.ts'
import type { LoopContext } from './context.ts'
import { HotSockets } from './hot-sockets.ts'
import type { Pacer } from './pacer.ts'
import { ReadySockets } from './ready-sockets.ts'
import { type Sessions, targetOf } from './sessions.ts'

/** The event that datagrams have come, told once for all that wait (epoll(7), edge-triggered). */
export const arriving = (EPOLLIN | EPOLLET) >>> 0
/** No event but that of an error. */
const quiet = EPOLLET
/** Datagrams taken between two looks at the events, of all associations: about a millisecond's work. */
const turnDatagrams = 128

/** Where a client's datagram goes, and what follows with the same header. */
interface Way {
  /** Its place among those that came. */
  readonly first: number
  /** The bytes of its header. */
  readonly header: number
  readonly destination: Destination
  readonly address: Address
  readonly outlet: OutletSocket
  /** The socket address of that. */
  readonly to: Uint8Array
}

/**
 * Moves the datagrams of all associations, a batch at a time, each from where it came in: the header is taken off, or put
 * before it, in place. Whatever cannot be sent now is lost, as datagrams may be.
 */
export class DatagramRelay {
  readonly #loop: LoopContext
  readonly #sessions: Sessions
  readonly #associations: Associations
  readonly #pacer: Pacer
  readonly #arrivals = new Arrivals()
  readonly #toClient = new Departures(this.#arrivals)
  /** What leaves next, of each family by one socket, and the bytes that have left of the batch. */
  readonly #leaving = [new Departures(this.#arrivals), new Departures(this.#arrivals)] as const
  readonly #leavingBy: (OutletSocket | undefined)[] = [undefined, undefined]
  #sent = 0
  readonly #ready = new ReadySockets<Association>()
  readonly #hot = new HotSockets<Association>((fd, association, isTold) => this.#watch(fd, association, isTold))
  readonly #serve = (fd: number, association: Association) => this.#takeBatch(fd, association)
  /** By the addresses of a name: those of them that there is a way to. */
  readonly #ways = new WeakMap<readonly Address[], readonly Address[]>()
  readonly #ownAddress = new Uint8Array(socketAddressBytes)

  constructor(loop: LoopContext, associations: Associations, pacer: Pacer) {
    this.#associations = associations
    this.#pacer = pacer
    this.#loop = loop
    this.#sessions = loop.sessions
  }

  /** Datagrams wait at one of the association's sockets. */
  onArrival(association: Association, fd: number): void {
    this.#ready.add(fd, association)
  }

  /** Whether datagrams wait for a turn. */
  get busy(): boolean {
    return !this.#ready.isEmpty
  }

  /** Whether datagrams come to sockets that the kernel does not tell of, which are to be looked at in a moment. */
  get isHot(): boolean {
    return !this.#hot.isEmpty
  }

  /** Look at those sockets. */
  lookAtHot(): void {
    this.#hot.look(this.#loop.clock.now, this.#isReady)
  }

  /** Move some of those that wait. */
  takeTurn(): void {
    this.#ready.take(turnDatagrams, this.#serve)
  }

  /** An association begins. */
  begin(slot: number): void {
    this.#pacer.watch(slot)
  }

  /** The association is over. */
  forget({ slot, inlet, outlets }: Association): void {
    for (const fd of [inlet, ...outlets.map((outlet) => outlet.fd), lateOf(slot)]) this.#drop(fd)
  }

  /** The name's addresses have come: what waits for them is to be sent on. */
  onName(association: Association, name: string, addresses: readonly Address[]): void {
    const { slot, waiting, late } = association
    const found = waiting.filter((datagram) => datagram.name === name)
    association.waiting = waiting.filter((datagram) => datagram.name !== name)
    association.late = [...late, ...found.map((datagram) => ({ ...datagram, addresses }))]
    this.#ready.add(lateOf(slot), association)
  }

  readonly #isReady = (fd: number, association: Association) => this.#ready.add(fd, association)

  #watch(fd: number, { slot, inlet }: Association, isTold: boolean): void {
    const events = isTold ? arriving : quiet
    const { extras, generation } = this.#sessions
    if (fd === inlet) this.#loop.epoll.modify(fd, events, targetOf(slot), generation[slot])
    else extras.watch(fd, events)
  }

  /** The socket is closed, or is about to be. */
  #drop(fd: number): void {
    this.#ready.delete(fd)
    this.#hot.delete(fd)
  }

  /** Returns how many datagrams it has taken. */
  #takeBatch(fd: number, association: Association): number {
    if (fd < 0) return this.#takeLate(association)
    const count = Math.max(0, this.#arrivals.receive(fd))
    if (count === batchSize) this.#ready.add(fd, association)
    this.#hot.took(fd, association, count, this.#loop.clock.now)
    if (fd === association.inlet) this.#fromClient(association, count)
    else this.#fromTargets(association, count)
    return count
  }

  #fromClient(association: Association, count: number): void {
    const { slot } = association
    const [taken, waiting] = [this.#taken, association.waiting.length]
    let way: Way | undefined
    let last: Way | undefined
    for (let i = 0; i < count; i++) {
      // What goes where the one before it went, as most does, is judged like that.
      if (!way || !this.#goesLike(way, i)) way = this.#wayOf(association, i)
      if (!way) continue
      const start = this.#arrivals.start(i) + way.header
      const length = this.#arrivals.length(i) - way.header
      if (!this.#pacer.passes(slot, Direction.up, length)) continue
      this.#departuresBy(way.outlet).add(start, length, length).set(way.to)
      last = way
    }
    const sent = this.#depart()
    this.#count(Direction.up, this.#taken - taken, count - (association.waiting.length - waiting))
    if (!last) return
    showDatagram(this.#sessions.table, slot, last.destination, last.address.bytes)
    this.#sessions.countUp(slot, sent)
    this.#sessions.touched[slot] = this.#loop.clock.now
  }

  /** Where a datagram of the client's goes; undefined if nowhere, or if it waits for its name. */
  #wayOf(association: Association, i: number): Way | undefined {
    if (!isFromClient(association, this.#arrivals.source(i))) return undefined
    const start = this.#arrivals.start(i)
    const bytes = this.#arrivals.memory.subarray(start, start + this.#arrivals.length(i))
    const datagram = parseDatagram(bytes)
    const address = datagram && this.#addressFor(association, datagram, bytes)
    if (!address) return undefined
    const { destination, payload } = datagram
    const outlet = this.#outletTo(association, nameOf(destination), address, destination.port)
    if (!outlet) return undefined
    const to = new Uint8Array(socketAddressBytes)
    encodeSocketAddress(to, address.bytes, destination.port, address.scope)
    return { first: i, header: payload, destination, address, outlet, to }
  }

  /** Whether a datagram has the header of the one that a way was found for, and comes from the same port. */
  #goesLike({ first, header }: Way, i: number): boolean {
    if (this.#arrivals.length(i) < header || !this.#arrivals.isSameSource(first, i)) return false
    const { memory } = this.#arrivals
    const [one, other] = [this.#arrivals.start(first), this.#arrivals.start(i)]
    for (let at = 0; at < header; at++) if (memory[one + at] !== memory[other + at]) return false
    return true
  }

  /** Datagrams that have left by the sockets towards targets so far. */
  get #taken(): number {
    return this.#leaving[0].taken + this.#leaving[1].taken
  }

  /** Of so many datagrams so many were relayed, and the others are lost. */
  #count(direction: Direction, relayed: number, count: number): void {
    const { table } = this.#sessions
    if (direction === Direction.up) table.datagramsUp(relayed, count - relayed)
    else table.datagramsDown(relayed, count - relayed)
  }

  /** Where to put what is to leave by a socket: what waits to leave by another of the family leaves first. */
  #departuresBy(outlet: OutletSocket): Departures {
    const family = outlet.bytes.length === 4 ? 0 : 1
    const before = this.#leavingBy[family]
    if (before && before !== outlet) this.#sent += this.#leaving[family].send(before.fd)
    this.#leavingBy[family] = outlet
    return this.#leaving[family]
  }

  /** All that waits to leave does; returns the bytes of the batch. */
  #depart(): number {
    let sent = this.#sent
    this.#leavingBy.forEach((outlet, family) => {
      if (outlet) sent += (this.#leaving[family] as Departures).send(outlet.fd)
      this.#leavingBy[family] = undefined
    })
    this.#sent = 0
    return sent
  }

  #fromTargets({ slot, inlet, client, clientPort, contacts }: Association, count: number): void {
    const { memory } = this.#arrivals
    client[2] = clientPort.port >> 8
    client[3] = clientPort.port
    const before = this.#toClient.taken
    let taken = 0
    /** The last one that was let in, and the bytes of its header. */
    let last = -1
    let header = 0
    for (let i = 0; i < count; i++) {
      const end = this.#arrivals.start(i)
      if (last >= 0 && this.#arrivals.isSameSource(last, i)) {
        const known = this.#arrivals.start(last)
        memory.copyWithin(end - header, known - header, known)
      } else {
        const source = this.#arrivals.source(i)
        const bytes = bytesOf(source)
        if (!contacts.has(bytes)) continue
        header = end - writeHeader(memory, end, { bytes, port: portOf(source) })
        last = i
      }
      const length = this.#arrivals.length(i)
      if (!this.#pacer.passes(slot, Direction.down, length)) continue
      this.#toClient.add(end - header, header + length, length).set(client)
      taken++
    }
    if (taken > 0) this.#sessions.countDown(slot, this.#toClient.send(inlet))
    this.#count(Direction.down, this.#toClient.taken - before, count)
  }

  /** Where to send a datagram now; undefined if nowhere, or if it waits for its name. */
  #addressFor(association: Association, datagram: Datagram, bytes: Uint8Array): Address | undefined {
    const { destination } = datagram
    if (destination.kind === 'address') return this.#choose(association, undefined, [destination], destination.port)
    const { name, port } = destination
    const known = this.#loop.names.recall(name)
    if (known) return this.#choose(association, name, known, port)
    if (!this.#loop.verdicts.allowsName(association.slot, name, port)) return undefined
    // Nothing is asked for a datagram that is lost anyway: a client could have us ask without end.
    if (!association.place.take(bytes.length - datagram.payload)) return undefined
    const isAsked = association.waiting.some((waiting) => waiting.name === name)
    if (!isAsked) this.#loop.names.ask(name, association.slot)
    association.waiting = [...association.waiting, { name, port, payload: bytes.slice(datagram.payload) }]
    return undefined
  }

  /** The first of the addresses that is allowed and that there is a way to. */
  #choose(
    { slot, memo }: Association,
    name: string | undefined,
    addresses: readonly Address[],
    port: number,
  ): Address | undefined {
    const { verdicts } = this.#loop
    const address = this.#waysTo(addresses).find((each) => verdicts.allowsDatagram(slot, memo, name, each, port))
    return address && reachedBy(address)
  }

  /** Asked of the kernel once, for as long as a name's addresses are remembered. */
  #waysTo(addresses: readonly Address[]): readonly Address[] {
    if (addresses.length < 2) return addresses
    const known = this.#ways.get(addresses)
    if (known) return known
    const ways = addresses.filter((address) => addressTowards(address, this.#ownAddress) === 0)
    this.#ways.set(addresses, ways)
    return ways
  }

  /** The socket that a datagram leaves by, if it may go there; answers are let in from now on. */
  #outletTo(association: Association, name: string | undefined, to: Address, port: number): OutletSocket | undefined {
    if (this.#associations.relayPorts.has(to, port)) return undefined
    const { verdicts, egress } = this.#loop
    const known = association.outlets.find((each) => egress.serves(each, verdicts.egress, to.bytes.length))
    const outlet = known ?? this.#openOutlet(association, name, to.bytes)
    if (outlet) association.contacts.add(to.bytes, name, port)
    return outlet
  }

  /** The egress is that of the verdict on the address. */
  #openOutlet(association: Association, name: string | undefined, bytes: Uint8Array): OutletSocket | undefined {
    const { slot, outlets } = association
    const { extras, table } = this.#sessions
    const { verdicts, egress } = this.#loop
    const [oldest] = outlets
    if (oldest && outlets.length >= mostOutlets) this.#closeOutlet(association, oldest)
    const fd = verdicts.egress
      ? egress.bindToFirst(verdicts.egress, { user: table.user[slot], name, bytes }, bindUdpSocket)
      : bindUdpSocket({ bytes: new Uint8Array(bytes.length), scope: 0 })
    if (extras.add(slot, fd, arriving, association.holder) < 0) return undefined
    return this.#associations.opened(association, fd, verdicts.egress)
  }

  /** Its descriptor may be another socket's at once, by which nothing must leave that was for this one. */
  #closeOutlet(association: Association, outlet: OutletSocket): void {
    this.#sent = this.#depart()
    this.#drop(outlet.fd)
    this.#associations.closed(association, outlet)
    this.#sessions.extras.close(outlet.fd)
  }

  #takeLate(association: Association): number {
    const { late, place } = association
    association.late = []
    for (const datagram of late) {
      place.give(datagram.payload.length)
      this.#count(Direction.up, this.#sendLate(association, datagram) ? 1 : 0, 1)
    }
    return late.length
  }

  /** Returns whether it has left. */
  #sendLate(association: Association, { name, port, payload, addresses }: Late): boolean {
    const { slot } = association
    const address = this.#choose(association, name, addresses, port)
    const outlet = address && this.#outletTo(association, name, address, port)
    if (!outlet || !this.#pacer.passes(slot, Direction.up, payload.length)) return false
    const sent = sendDatagram(outlet.fd, payload, address, port)
    showDatagram(this.#sessions.table, slot, { kind: 'name', name, port }, address.bytes)
    this.#sessions.countUp(slot, Math.max(0, sent))
    this.#sessions.touched[slot] = this.#loop.clock.now
    return sent >= 0
  }
}

function nameOf(destination: Destination): string | undefined {
  return destination.kind === 'name' ? destination.name : undefined
}

/** In place of a descriptor among those that are ready: the late datagrams of the session's association. -1 is no socket. */
function lateOf(slot: number): number {
  return -2 - slot
}

/** Whether a datagram comes from the association's client. */
function isFromClient({ client, clientPort }: Association, source: Uint8Array): boolean {
  return isSame(bytesOf(source), bytesOf(client)) && clientPort.admits(portOf(source))
}
