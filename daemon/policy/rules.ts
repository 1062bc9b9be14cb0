import { type Address, isLoopback, isSame, isUnspecified, parseAddress } from '../net/address.ts'
import type { Destination } from '../net/destination.ts'
import type { Endpoint } from '../net/endpoint.ts'
import { Command } from '../socks/messages.ts'

/** Whether an address is one of this machine's, on whatever interface, at this moment. */
export type IsOurs = (address: Address) => boolean

/**
 * Where clients may be led: one judgement for every address that a session would reach, in both engines. Rule zero is
 * all there is: proxyd's own ports are nobody's target, lest it talks to itself for ever, or lets its clients at its
 * management.
 */
export class Rules {
  /** By port, the addresses that proxyd listens on. */
  readonly #own = new Map<number, Uint8Array[]>()
  readonly #isOurs: IsOurs

  /** `own`: where proxyd listens. `isOurs` is asked only at their ports, and only if one is on a wildcard address. */
  constructor(own: readonly Endpoint[], isOurs: IsOurs) {
    this.#isOurs = isOurs
    for (const { address, port } of own) {
      const bytes = parseAddress(address)?.bytes
      if (bytes) this.#own.set(port, [...(this.#own.get(port) ?? []), bytes])
    }
  }

  /**
   * Whether a request may go on, which is asked of every session between its login, if it needs one, and whatever is done
   * for it. A name may: its addresses are judged when they are known. So may UDP ASSOCIATE, which names no target yet.
   * `command`: CMD (RFC 1928, section 4), or that of a forward's client.
   */
  admit(command: number, destination: Destination): boolean {
    if (command === Command.udpAssociate || destination.kind === 'name') return true
    return this.judge(destination, destination.port)
  }

  /** Whether a session may be led there. Nearly always the port alone settles it. */
  judge(address: Address, port: number): boolean {
    const own = this.#own.get(port)
    return own === undefined || !this.#isOwn(address, own)
  }

  /**
   * To dial a wildcard address is to dial loopback (ip(7), ipv6(7)); to listen on one is to be reached by all that this
   * machine has of the family, also by what it gets later.
   */
  #isOwn(address: Address, own: readonly Uint8Array[]): boolean {
    const { bytes } = address
    if (isUnspecified(bytes) || own.some((listening) => isSame(listening, bytes))) return true
    const isReached = own.some((listening) => listening.length === bytes.length && isUnspecified(listening))
    return isReached && (isLoopback(bytes) || this.#isOurs(address))
  }
}
