import type { Address } from '../../net/address.ts'
import { boundAddress } from '../../os/socket.ts'
import { bytesOf, portOf, socketAddressBytes } from '../../os/socket-address.ts'
import type { Bound } from '../../socks/messages.ts'
import type { ClientPort } from '../client-port.ts'
import type { AssociationShares } from '../shared/association-shares.ts'
import type { RelayPorts } from '../shared/relay-ports.ts'

/** A client that sends datagrams through us, for as long as its control connection lives. */
export interface Association {
  /** Whose it is: see `AssociationShares`. */
  readonly holder: string
  /** The socket address that its datagrams come from; its port is where answers go. */
  readonly client: Uint8Array
  readonly clientPort: ClientPort
  /** The sockets towards targets, or -1 until they are needed. */
  ipv4: number
  ipv6: number
  /** Where its sockets are bound. */
  readonly bound: Bound[]
  /** Where it has sent to: only from there it gets answers. */
  readonly heard: RecentAddresses
  /** Datagrams whose name is being looked up. */
  waiting: readonly Waiting[]
  /** Which of a name's addresses was chosen last. */
  choice: { readonly from: readonly Address[]; readonly address: Address } | undefined
}

/** The associations of one loop. */
export class Associations {
  readonly shares: AssociationShares
  readonly relayPorts: RelayPorts
  readonly #bySlot = new Map<number, Association>()

  constructor(shares: AssociationShares, relayPorts: RelayPorts) {
    this.shares = shares
    this.relayPorts = relayPorts
  }

  get(slot: number): Association | undefined {
    return this.#bySlot.get(slot)
  }

  begin(slot: number, association: Association): void {
    this.#bySlot.set(slot, association)
    this.shares.take(association.holder)
  }

  /** The association has one more socket. Returns where it is bound. */
  opened({ bound }: Association, fd: number): Bound {
    const address = new Uint8Array(socketAddressBytes)
    boundAddress(fd, address)
    const own = { bytes: bytesOf(address), port: portOf(address) }
    bound.push(own)
    this.relayPorts.open(own.bytes.length, own.port)
    return own
  }

  /** If the session has one, it is over. */
  end(slot: number): void {
    if (this.#bySlot.size === 0) return
    const association = this.#bySlot.get(slot)
    if (!association) return
    this.#bySlot.delete(slot)
    this.shares.give(association.holder)
    for (const { bytes, port } of association.bound) this.relayPorts.close(bytes.length, port)
  }
}

/** A datagram on its way to a name. */
export interface Waiting {
  readonly name: string
  readonly port: number
  readonly payload: Uint8Array
}

/** Addresses remembered by one association. */
const capacity = 1_024

/** The last addresses that were added. */
export class RecentAddresses {
  readonly #keys = new Set<number | string>()
  #last: number | string | undefined

  add(address: Uint8Array): void {
    const key = keyOf(address)
    if (key === this.#last) return
    this.#last = key
    this.#keys.delete(key)
    this.#keys.add(key)
    const [oldest] = this.#keys
    if (this.#keys.size > capacity && oldest !== undefined) this.#keys.delete(oldest)
  }

  has(address: Uint8Array): boolean {
    return this.#keys.has(keyOf(address))
  }
}

function keyOf(address: Uint8Array): number | string {
  if (address.length === 4) return (address[0] << 24) | (address[1] << 16) | (address[2] << 8) | address[3]
  return String.fromCharCode(...address)
}
