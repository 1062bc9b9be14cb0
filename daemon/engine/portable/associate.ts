import type { RemoteInfo, Socket } from 'node:dgram'
import { type Address, isSame, parseAddress } from '../../net/address.ts'
import type { Destination } from '../../net/destination.ts'
import { longestHeader, parseDatagram, writeHeader } from '../../socks/datagram.ts'
import { type Bound, encodeReply, Reply } from '../../socks/messages.ts'
import { Reason } from '../session-table.ts'
import { ClientPort } from '../shared/client-port.ts'
import { datagramEnds, toldOf } from '../shared/datagram-ends.ts'
import { noRoomForAssociation } from '../shared/descriptor-shares.ts'
import { outletsReserved } from '../shared/egress-addresses.ts'
import { Direction } from '../shared/limit-lines.ts'
import { notAllowed, refusalOf } from '../shared/refusals.ts'
import type { RelayPorts } from '../shared/relay-ports.ts'
import { holderOf } from '../shared/shares.ts'
import type { WaitingPlace } from '../shared/waiting-datagrams.ts'
import { clientEnds } from './local-address.ts'
import { isChoked, Outlet, openDatagramSocket, type Place, wayTo } from './outlet.ts'
import type { Session } from './session.ts'

/** The address of a client that has gone already. */
const nowhere = new Uint8Array(0)

/**
 * UDP ASSOCIATE (RFC 1928, section 7): relays datagrams for the client's address while its connection lasts. It may
 * have `declared` where it will send from.
 */
export async function associate(session: Session, declared: Destination): Promise<void> {
  const { context, row } = session
  const ends = await clientEnds(session)
  if (session.isOver) return
  const peer = parseAddress(ends.client)?.bytes ?? nowhere
  const clientPort = new ClientPort(declared, peer, context.policy.udpPortRequired)
  if (context.policy.udpPortRequired && clientPort.port === 0) return session.refuse(refusalOf(notAllowed))
  const refuse = () => session.refuse(refusalOf('EMFILE'))
  const holder = holderOf(row.user, peer)
  const isRoom = context.associations.isFree(holder, Math.floor(context.extras.left / outletsReserved))
  if (!isRoom || !context.extras.take(outletsReserved)) {
    context.warn(noRoomForAssociation)
    return refuse()
  }
  context.associations.take(holder)
  void session.ended.then(() => {
    context.extras.give(outletsReserved)
    context.associations.give(holder)
    context.datagramTurns.forget(session)
  })
  for (const { relay, client } of datagramEnds(declared, peer, ends, '::1')) {
    const inlet = tryOpen(relay, context.relayPorts)
    if (!inlet) continue
    session.own(inlet, () => inlet.close())
    return new Association(session, inlet, client, clientPort).begin(declared)
  }
  refuse()
}

/** Undefined if there is none to be had. */
function tryOpen(address: string, relayPorts: RelayPorts): Socket | undefined {
  try {
    return openDatagramSocket(address, relayPorts)
  } catch {
    return undefined
  }
}

class Association {
  readonly #session: Session
  /** The client's side. */
  readonly #inlet: Socket
  readonly #outlet: Outlet
  readonly #clientAddress: string
  readonly #clientPort: ClientPort
  /** Of datagrams whose names are being resolved. */
  readonly #waiting: WaitingPlace
  /** By name, those under way. */
  readonly #lookups = new Map<string, Promise<Place['ways']>>()
  /** Where the last one went that was sent to an address, and where the last answer came from: most often the next is of the same. */
  #place: { readonly bytes: Uint8Array; readonly place: Place } | undefined
  #answerer: { readonly source: Bound; readonly header: Uint8Array } | undefined

  constructor(session: Session, inlet: Socket, clientAddress: string, clientPort: ClientPort) {
    this.#session = session
    this.#inlet = inlet
    this.#clientAddress = clientAddress
    this.#clientPort = clientPort
    this.#waiting = session.context.waitingRoom.open()
    this.#outlet = new Outlet(session, (payload, source) => this.#answer(payload, source))
  }

  begin(declared: Destination): void {
    const { client, context } = this.#session
    this.#inlet.on('message', (bytes, from) => this.#receive(bytes, from))
    this.#session.stand('udp')
    const { address, port } = this.#inlet.address()
    const advertised = context.policy.udpAdvertise.flatMap((literal) => parseAddress(literal)?.bytes ?? [])
    const bound = toldOf(declared, { bytes: parseAddress(address)?.bytes ?? nowhere, port }, advertised)
    client.write(encodeReply(Reply.succeeded, bound))
    // The connection only tells for how long: what is said on it is dropped, and its end is that of the association.
    client.on('end', () => this.#session.leave(Reason.finished)).on('data', () => {})
    client.resume()
  }

  /** Only one address and port is the client; what comes from elsewhere is nobody's. */
  #receive(bytes: Buffer, { address, port }: RemoteInfo): void {
    if (address !== this.#clientAddress || !this.#clientPort.admits(port)) return this.#lose(Direction.up)
    const { datagramTurns } = this.#session.context
    if (!datagramTurns.take(this.#session, bytes.length, () => this.#relay(bytes))) this.#lose(Direction.up)
  }

  #relay(bytes: Buffer): void {
    const datagram = parseDatagram(bytes)
    if (!datagram) return this.#lose(Direction.up)
    const { destination } = datagram
    const payload = bytes.subarray(datagram.payload)
    if (destination.kind === 'address') this.#outlet.send(payload, this.#placeOf(destination))
    else void this.#sendByName(payload, destination.name, destination.port)
  }

  #placeOf(address: Address & { readonly port: number }): Place {
    const { bytes, port } = address
    if (this.#place?.place.port !== port || !isSame(this.#place.bytes, bytes))
      this.#place = { bytes, place: { name: '', ways: [wayTo(address)], port } }
    return this.#place.place
  }

  async #sendByName(payload: Buffer, name: string, port: number): Promise<void> {
    const { context, row } = this.#session
    if (!context.verdicts.allowsName(row.slot, name, port)) return this.#lose(Direction.up)
    if (!this.#waiting.take(payload.length)) return this.#lose(Direction.up)
    const ways = await this.#lookUp(name)
    this.#waiting.give(payload.length)
    this.#outlet.send(payload, { name, ways, port })
  }

  /** Datagrams that come meanwhile share a lookup. */
  #lookUp(name: string): Promise<Place['ways']> {
    const underWay = this.#lookups.get(name)
    if (underWay) return underWay
    const { context, row } = this.#session
    const lookup = context.resolver.resolve(name, row.asker).then((found) => {
      this.#lookups.delete(name)
      const written = found?.addresses ?? []
      return written.flatMap((literal) => {
        const address = parseAddress(literal)
        return address ? wayTo(address, literal) : []
      })
    })
    this.#lookups.set(name, lookup)
    return lookup
  }

  #answer(payload: Buffer, source: Bound): void {
    const { context, row, isOver } = this.#session
    if (isOver) return
    if (isChoked(this.#inlet) || !context.pacer.passes(row, Direction.down, payload.length))
      return this.#lose(Direction.down)
    const header = this.#headerFor(source)
    this.#inlet.send([header, payload], this.#clientPort.port, this.#clientAddress, (error) => {
      row.countDatagram(Direction.down, !error)
      if (!error) row.deliveredDown(payload.length)
    })
  }

  #headerFor(source: Bound): Uint8Array {
    const last = this.#answerer
    if (last?.source.port === source.port && last.source.bytes === source.bytes) return last.header
    const memory = new Uint8Array(longestHeader)
    const header = memory.subarray(writeHeader(memory, longestHeader, source))
    this.#answerer = { source, header }
    return header
  }

  #lose(direction: Direction): void {
    this.#session.row.countDatagram(direction, false)
  }
}
