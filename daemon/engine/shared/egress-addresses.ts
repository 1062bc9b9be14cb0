import { constants, networkInterfaces } from 'node:os'
import { type Address, formatAddress, isLoopback, isSame, parseAddress } from '../../net/address.ts'
import type { Egress } from '../../net/egress.ts'
import { withoutRepeats } from '../../repeats.ts'
import { noPortLeft } from './refusals.ts'

/** Milliseconds for which the addresses of an interface are taken to be the same. */
const interfacesLast = 2_000

/** What binding to an address says that this machine has not, negated as the results of system calls are. */
const isNotHere = -constants.errno.EADDRNOTAVAIL

/** Who dials what, for the choice among several addresses. */
export interface Outbound {
  readonly user: number
  /** What was asked for, if it was a name. */
  readonly name: string | undefined
  /** The address that is dialled, 4 or 16 bytes. */
  readonly bytes: Uint8Array
}

/** Sockets that one association sends from to targets: of each family one, unless its egress differs by target. */
export const mostOutlets = 4

/** Of those, how many there is room for from the association's beginning on; further ones take what is to spare. */
export const outletsReserved = 2

/** Where an association's datagrams leave from. */
export interface OutletAddress {
  /** What it is bound to. */
  readonly bytes: Uint8Array
  /** What it has served for last; undefined: it is bound where the system says. */
  egress: Egress | undefined
}

interface Known {
  readonly addresses: readonly Address[]
  readonly until: number
}

/** Which addresses of this machine a loop's connections leave from, where it is said. */
export class EgressAddresses {
  readonly #warn: (message: string) => void
  readonly #interfaces: typeof networkInterfaces
  /** Whether there are some of loopback interfaces (true) and of others (false). */
  #ofIPv6: { readonly internal: ReadonlySet<boolean>; readonly until: number } = { internal: new Set(), until: 0 }
  readonly #known = new WeakMap<Egress['from'], Known>()
  /** By user: each has turns of their own, lest two who alternate have one address each. */
  readonly #turns = new WeakMap<Egress['from'], Map<number, number>>()

  constructor(warn: (message: string) => void, interfaces = networkInterfaces) {
    this.#warn = withoutRepeats(warn)
    this.#interfaces = interfaces
  }

  /**
   * The addresses of the family that is dialled, the one to leave from first; the others are for when that is gone. With
   * `sticky`, who leaves from an address that stays does so still when others come or go (rendezvous hashing).
   */
  order({ from, mode }: Egress, outbound: Outbound): readonly Address[] {
    const all = this.#of(from).filter(({ bytes }) => bytes.length === outbound.bytes.length)
    if (all.length < 2) return all
    if (mode === 'turns') {
      const first = this.#nextTurn(from, outbound.user) % all.length
      return [...all.slice(first), ...all.slice(0, first)]
    }
    const whom = `${outbound.user} ${outbound.name?.toLowerCase() ?? outbound.bytes.join('.')}`
    const weighed = all.map((address) => ({ address, weight: hash(`${address.bytes.join('.')} ${whom}`) }))
    return weighed.sort((a, b) => b.weight - a.weight).map(({ address }) => address)
  }

  /**
   * Binds to the first address that is there still, in that order, and tells of those that are not. `bind` returns 0 or
   * more, or a negated errno; so does this, -EADDRNOTAVAIL if none is there.
   */
  bindToFirst(egress: Egress, outbound: Outbound, bind: (address: Address) => number): number {
    for (const address of this.order(egress, outbound)) {
      const result = bind(address)
      if (result !== isNotHere) return result
      this.isGone(address)
    }
    return isNotHere
  }

  /** Whether datagrams to addresses of so many bytes may leave from there: one association keeps its address while it may. */
  serves(outlet: OutletAddress, egress: Egress | undefined, addressBytes: number): boolean {
    if (outlet.bytes.length !== addressBytes) return false
    if (outlet.egress === egress) return true
    if (!outlet.egress || !egress || !this.#of(egress.from).some(({ bytes }) => isSame(bytes, outlet.bytes)))
      return false
    outlet.egress = egress
    return true
  }

  /** This one cannot be left from. */
  isGone({ bytes }: Address): void {
    this.#warn(`egress ${formatAddress(bytes)} is no address of this machine now: it is skipped`)
  }

  /**
   * connect(2) to that one said EADDRNOTAVAIL. Of IPv6 it says so, too, where this machine has no address to leave from, which is nothing
   * to tell: most names have addresses of both families.
   */
  foundNoPort(to: Uint8Array): void {
    if (to.length === 4 || this.#hasIPv6(isLoopback(to))) this.#warn(noPortLeft)
  }

  #hasIPv6(loopback: boolean): boolean {
    const now = performance.now()
    if (now >= this.#ofIPv6.until) {
      const all = Object.values(this.#interfaces()).flatMap((addresses = []) => addresses)
      const internal = new Set(all.filter(({ family }) => family === 'IPv6').map((address) => address.internal))
      this.#ofIPv6 = { internal, until: now + interfacesLast }
    }
    return this.#ofIPv6.internal.has(loopback)
  }

  #nextTurn(from: Egress['from'], user: number): number {
    const turns = this.#turns.get(from) ?? new Map<number, number>()
    const turn = turns.get(user) ?? 0
    this.#turns.set(from, turns.set(user, turn + 1))
    return turn
  }

  #of(from: Egress['from']): readonly Address[] {
    const now = performance.now()
    const known = this.#known.get(from)
    if (known && now < known.until) return known.addresses
    const read = from.flatMap((text) => parseAddress(text) ?? this.#ofInterface(text))
    const hasInterface = from.some((text) => !parseAddress(text))
    const until = hasInterface ? now + interfacesLast : Number.POSITIVE_INFINITY
    this.#known.set(from, { addresses: read, until })
    return read
  }

  /** An interface's addresses, without link-local ones, which reach only their own network. */
  #ofInterface(name: string): Address[] {
    const addresses = (this.#interfaces()[name] ?? []).flatMap(({ address, scopeid }) =>
      scopeid ? [] : (parseAddress(address) ?? []),
    )
    if (addresses.length === 0) this.#warn(`egress ${name} is no interface with an address now: it is skipped`)
    return addresses
  }
}

/** FNV-1a, and MurmurHash3's last step so that the last characters count as much as the first. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}
