import { networkInterfaces } from 'node:os'
import { type Address, isLoopback, isSame, parseAddress } from '../../net/address.ts'

/** Milliseconds for which the interfaces' addresses are remembered. */
const lasts = 1_000

let addresses: readonly Uint8Array[] | undefined
let askedAt = Number.NEGATIVE_INFINITY

/**
 * Whether one of this machine's interfaces has the address, or had it a second ago; all of 127.0.0.0/8 is one's own. As
 * long as the system cannot say, for want of descriptors, what it said last counts, and any address if it never has.
 */
export function isOurs({ bytes }: Address): boolean {
  if (isLoopback(bytes)) return true
  if (performance.now() - askedAt > lasts) addresses = interfaceAddresses() ?? addresses
  return addresses === undefined || addresses.some((own) => isSame(own, bytes))
}

function interfaceAddresses(): readonly Uint8Array[] | undefined {
  askedAt = performance.now()
  try {
    const interfaces = Object.values(networkInterfaces()).flatMap((those = []) => those)
    return interfaces.flatMap(({ address }) => parseAddress(address)?.bytes ?? [])
  } catch {
    return undefined
  }
}
