import { parseAddress, unmapped } from '../socks/address.ts'
import type { Endpoint } from './engine.ts'

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
    return bytes !== undefined && (isWildcard(bytes) || there.some((place) => covers(place, bytes)))
  }
}

function bytesOf(address: Uint8Array | string): Uint8Array | undefined {
  const bytes = typeof address === 'string' ? parseAddress(address.replace(/%.*/, '')) : address
  return bytes && unmapped(bytes)
}

function covers(place: Uint8Array, address: Uint8Array): boolean {
  if (place.length !== address.length) return false
  return (isWildcard(place) && isLoopback(address)) || place.every((octet, i) => octet === address[i])
}

function isWildcard(address: Uint8Array): boolean {
  return address.every((octet) => octet === 0)
}

/** 127.0.0.0/8, or ::1. */
function isLoopback(address: Uint8Array): boolean {
  if (address.length === 4) return address[0] === 127
  return address.every((octet, i) => octet === (i === 15 ? 1 : 0))
}
