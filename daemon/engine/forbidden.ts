import { isLoopback, isSame, isUnspecified, parseAddress, unmapped } from '../net/address.ts'
import type { Endpoint } from '../net/endpoint.ts'

/** Whether clients may not be connected to `address`: 4 or 16 bytes, or a literal, whose zone does not matter. */
export type IsForbidden = (address: Uint8Array | string, port: number) => boolean

/**
 * Keeps clients from a few endpoints of this machine. One on a wildcard address stands for the port on every loopback
 * address of its family. To dial a wildcard address is to dial loopback (ip(7), ipv6(7)), so it is forbidden at each of
 * the ports. Nearly always the port alone settles it.
 */
export function forbids(endpoints: readonly Endpoint[]): IsForbidden {
  const places = new Map<number, Uint8Array[]>()
  for (const { address, port } of endpoints) {
    const bytes = bytesOf(address)
    if (bytes) places.set(port, [...(places.get(port) ?? []), bytes])
  }
  return (address, port) => {
    const there = places.get(port)
    if (there === undefined) return false
    const bytes = bytesOf(address)
    return bytes !== undefined && (isUnspecified(bytes) || there.some((place) => covers(place, bytes)))
  }
}

function bytesOf(address: Uint8Array | string): Uint8Array | undefined {
  return typeof address === 'string' ? parseAddress(address)?.bytes : unmapped(address)
}

function covers(place: Uint8Array, address: Uint8Array): boolean {
  const isOurs = place.length === address.length && isUnspecified(place) && isLoopback(address)
  return isOurs || isSame(place, address)
}
