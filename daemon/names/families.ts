import { isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { unmappedLiteral } from '../net/address.ts'
import type { Payer } from './shares.ts'

/** A name's addresses of one family; none if it has none, or none that we were told of. */
export interface Family {
  /** Literals, in the order in which they are to be tried. */
  readonly addresses: readonly string[]
  /** Milliseconds for which they may be remembered; infinite if there are none. */
  readonly lasts: number
}

/** The answers to two questions that are asked side by side. Neither rejects. */
export interface Families {
  readonly ipv6: Promise<Family>
  readonly ipv4: Promise<Family>
}

/** Finds a name's addresses, on somebody's account. */
export type Find = (name: string, payer: Payer) => Families

/** What a family's answer comes to; `lasts` as in `Family`. */
export function familyOf(addresses: readonly string[], lasts: number): Family {
  return { addresses: addresses.slice(0, mostAddresses), lasts }
}

export const noAddresses: Family = { addresses: [], lasts: Number.POSITIVE_INFINITY }

/** Once one family has addresses, the other is waited for so long, in milliseconds (RFC 8305, section 3). */
const resolutionDelay = 50
/** Addresses of one name that are kept, and tried. */
export const mostAddresses = 32
/** Milliseconds for which it counts whether this machine has an IPv6 address of its own. */
const interfacesLast = 1_000

/** What is there once both families have answered, or one has addresses and the other is late. */
export async function earlyAnswer({
  ipv6,
  ipv4,
}: Families): Promise<{ readonly found: Family; readonly isWhole: boolean }> {
  let [six, four]: (Family | undefined)[] = []
  const both = Promise.all([ipv6.then((family) => (six = family)), ipv4.then((family) => (four = family))])
  const { addresses } = await Promise.race([ipv6, ipv4])
  await (addresses.length > 0 ? orLate(both) : both)
  return { found: joined(six ?? noAddresses, four ?? noAddresses), isWhole: six !== undefined && four !== undefined }
}

/**
 * The addresses of both families, the preferred one first, for the dialler takes them by turns. IPv6 is preferred only
 * where this machine has an address for it (RFC 6724, section 6, rule 2): elsewhere each dial would begin with one in vain.
 */
export function joined(ipv6: Family, ipv4: Family): Family {
  const inOrder = hasIpv6() ? [ipv6, ipv4] : [ipv4, ipv6]
  return {
    addresses: firstOf(inOrder.flatMap(({ addresses }) => addresses)),
    lasts: Math.min(ipv6.lasts, ipv4.lasts),
  }
}

/**
 * As many as are kept, in their order; of a family that has fewer than half of the room, all. Those that are IPv4-mapped are
 * of IPv4: no socket for IPv6 alone sends there.
 */
export function firstOf(found: readonly string[]): readonly string[] {
  const addresses = found.map(unmappedLiteral)
  if (addresses.length <= mostAddresses) return addresses
  const ipv6 = addresses.filter(isIPv6).length
  const roomBeside = (others: number) => Math.max(mostAddresses - others, mostAddresses / 2)
  const kept = { ipv6: roomBeside(addresses.length - ipv6), ipv4: roomBeside(ipv6) }
  return addresses.filter((address) => kept[isIPv6(address) ? 'ipv6' : 'ipv4']-- > 0)
}

async function orLate(both: Promise<unknown>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, resolutionDelay)
  await Promise.race([both, late])
  clearTimeout(timer)
}

let interfaces = { isGlobal: false, until: 0 }

function hasIpv6(): boolean {
  const now = performance.now()
  if (now >= interfaces.until) interfaces = { isGlobal: hasGlobalIpv6(), until: now + interfacesLast }
  return interfaces.isGlobal
}

/** Of the global unicast addresses (RFC 4291, section 2.4), those given out: 2000::/3. */
function hasGlobalIpv6(): boolean {
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => /^[23].*:/.test(address)),
  )
}
