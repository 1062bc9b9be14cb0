import { isIPv6 } from 'node:net'

/** What a lookup has found. */
export interface Found {
  /** Literals, in the order in which they are to be tried; none if the name has none. */
  readonly addresses: readonly string[]
  /** Milliseconds for which they may be remembered; of no meaning for a name without addresses. */
  readonly lasts: number
}

/** Finds a name's addresses. Rejects, or finds none, if they are not to be had. */
export type Find = (name: string) => Promise<Found>

/** Addresses of one name that are kept, and tried. */
const mostAddresses = 32

/** The first of them, in their order; of a family that has fewer than half of the room, all. */
export function firstOf(addresses: readonly string[]): readonly string[] {
  if (addresses.length <= mostAddresses) return addresses
  const ipv6 = addresses.filter(isIPv6)
  const roomFor = (others: number) => Math.max(mostAddresses - others, mostAddresses / 2)
  const kept = { ipv6: roomFor(addresses.length - ipv6.length), ipv4: roomFor(ipv6.length) }
  return addresses.filter((address) => kept[isIPv6(address) ? 'ipv6' : 'ipv4']-- > 0)
}
