import { type Address, isLoopback, isSame, isUnspecified, parseAddress } from '../net/address.ts'
import type { Endpoint } from '../net/endpoint.ts'
import { embeddedAddresses } from './special.ts'

/** Whether an address is one of this machine's, on whatever interface, at this moment. */
export type IsOurs = (address: Address) => boolean

/**
 * Where proxyd itself listens, for SOCKS, forwards and management: nobody's target, lest it talks to itself for ever, or
 * lets its clients at its management.
 */
export class OwnSockets {
  /** By port, the addresses that proxyd listens on. */
  readonly #byPort = new Map<number, Uint8Array[]>()
  readonly #isOurs: IsOurs

  /** `isOurs` is asked only at their ports, and only if one is on a wildcard address. */
  constructor(endpoints: readonly Endpoint[], isOurs: IsOurs) {
    this.#isOurs = isOurs
    for (const { address, port } of endpoints) {
      const bytes = parseAddress(address)?.bytes
      if (bytes) this.#byPort.set(port, [...(this.#byPort.get(port) ?? []), bytes])
    }
  }

  /** Whether whoever is led there comes to one of them. Nearly always the port alone settles it. */
  has(address: Address, port: number): boolean {
    const own = this.#byPort.get(port)
    if (own === undefined) return false
    // A translator, or the end of a tunnel, may lead back here.
    const inside = embeddedAddresses(address.bytes).map((bytes) => ({ bytes, scope: 0 }))
    return [address, ...inside].some((each) => this.#isReached(each, own))
  }

  /**
   * To dial a wildcard address is to dial loopback (ip(7), ipv6(7)); to listen on one is to be reached by all that this
   * machine has of the family, also by what it gets later.
   */
  #isReached(address: Address, own: readonly Uint8Array[]): boolean {
    const { bytes } = address
    if (isUnspecified(bytes) || own.some((listening) => isSame(listening, bytes))) return true
    const isWild = own.some((listening) => listening.length === bytes.length && isUnspecified(listening))
    return isWild && (isLoopback(bytes) || this.#isOurs(address))
  }
}
