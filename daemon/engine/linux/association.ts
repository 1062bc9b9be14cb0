import type { Address } from '../../net/address.ts'
import type { Egress } from '../../net/egress.ts'
import { boundAddress } from '../../os/socket.ts'
import { bytesOf, encodeSocketAddress, portOf, socketAddressBytes } from '../../os/socket-address.ts'
import type { Bound } from '../../socks/messages.ts'
import type { ClientPort } from '../shared/client-port.ts'
import { Contacts } from '../shared/contacts.ts'
import type { OutletAddress } from '../shared/egress-addresses.ts'
import type { RelayPorts } from '../shared/relay-ports.ts'
import type { Shares } from '../shared/shares.ts'
import { DatagramMemo } from '../shared/verdicts.ts'
import { type WaitingPlace, WaitingRoom } from '../shared/waiting-datagrams.ts'

/** A socket towards targets. */
export interface OutletSocket extends OutletAddress {
  readonly fd: number
  readonly port: number
}

/** A client that sends datagrams through us, for as long as its control connection lives. */
export interface Association {
  readonly slot: number
  /** Whose it is: see `Shares`. */
  readonly holder: string
  /** The socket address that its datagrams come from; its port is where answers go. */
  readonly client: Uint8Array
  readonly clientPort: ClientPort
  /** The client's socket, and where it is bound. */
  readonly inlet: number
  readonly bound: Bound
  /** The sockets towards targets that were needed, the oldest first; at most `mostOutlets`. */
  readonly outlets: OutletSocket[]
  /** Where it has sent to: only from there it gets answers. */
  readonly contacts: Contacts
  readonly memo: DatagramMemo
  /** Datagrams whose name is being looked up, and their place in the loop's room. */
  waiting: readonly Waiting[]
  readonly place: WaitingPlace
  /** Datagrams whose name's addresses have come, which wait for their turn. */
  late: readonly Late[]
}

/** The associations of one loop. */
export class Associations {
  readonly shares: Shares
  readonly relayPorts: RelayPorts
  readonly #waitingRoom = new WaitingRoom()
  readonly #bySlot = new Map<number, Association>()

  constructor(shares: Shares, relayPorts: RelayPorts) {
    this.shares = shares
    this.relayPorts = relayPorts
  }

  get(slot: number): Association | undefined {
    return this.#bySlot.get(slot)
  }

  begin(slot: number, inlet: number, holder: string, clientPort: ClientPort, from: Address): Association {
    const client = new Uint8Array(socketAddressBytes)
    encodeSocketAddress(client, from.bytes, 0, from.scope)
    const contacts = new Contacts(this.shares)
    const place = this.#waitingRoom.open()
    const association = {
      slot,
      holder,
      client,
      clientPort,
      inlet,
      bound: this.#opened(inlet),
      outlets: [],
      contacts,
      memo: new DatagramMemo(),
      waiting: [],
      place,
      late: [],
    }
    this.#bySlot.set(slot, association)
    this.shares.take(holder)
    return association
  }

  /** The association has one more socket towards targets. */
  opened({ outlets }: Association, fd: number, egress: Egress | undefined): OutletSocket {
    const outlet = { fd, ...this.#opened(fd), egress }
    outlets.push(outlet)
    return outlet
  }

  /** It has one less, which is to be closed. */
  closed({ outlets }: Association, outlet: OutletSocket): void {
    outlets.splice(outlets.indexOf(outlet), 1)
    this.#closed(outlet)
  }

  /** The association is over: gives back all it has. */
  end({ slot, holder, place, bound, outlets }: Association): void {
    this.#bySlot.delete(slot)
    this.shares.give(holder)
    place.clear()
    this.#closed(bound)
    outlets.forEach(this.#closed, this)
  }

  #opened(fd: number): Bound {
    const address = new Uint8Array(socketAddressBytes)
    boundAddress(fd, address)
    const bound = { bytes: bytesOf(address), port: portOf(address) }
    this.relayPorts.open(bound.bytes.length, bound.port)
    return bound
  }

  #closed({ bytes, port }: Bound): void {
    this.relayPorts.close(bytes.length, port)
  }
}

/** A datagram on its way to a name. */
export interface Waiting {
  readonly name: string
  readonly port: number
  readonly payload: Uint8Array
}

/** As `Waiting`; there are no addresses if the name has none. */
export interface Late extends Waiting {
  readonly addresses: readonly Address[]
}
