import { unmapped } from '../net/address.ts'
import type { Destination } from '../net/destination.ts'
import { AddressType, type Bound } from './messages.ts'
import { addressLengthOf, readDestination } from './negotiation.ts'

/** The header of relayed datagrams, both ways (RFC 1928, section 7): RSV, FRAG, ATYP, DST.ADDR, DST.PORT. */

/** No header that `writeHeader` writes is longer. */
export const longestHeader = 22

/** A client's datagram: where it is to go, and where in it the payload begins, which may be empty. */
export interface Datagram {
  readonly destination: Destination
  readonly payload: number
}

/**
 * Reads a client's datagram; undefined if it is to be dropped: cut short, a fragment, of an unknown type, or to a bad name
 * or port 0. RSV is not looked at. `bytes` is not needed for the result.
 */
export function parseDatagram(bytes: Uint8Array): Datagram | undefined {
  if (bytes.length < 5 || bytes[2] !== 0) return undefined
  const type = bytes[3]
  const length = addressLengthOf(type, bytes[4])
  if (!length) return undefined
  const start = type === AddressType.name ? 5 : 4
  const payload = start + length + 2
  if (bytes.length < payload) return undefined
  const port = (bytes[payload - 2] << 8) | bytes[payload - 1]
  const destination = port === 0 ? undefined : readDestination(type, bytes, start, start + length, port)
  return destination && { destination, payload }
}

/**
 * Writes the header of a datagram that came from `source` into `target`, so that it ends where the payload begins, at
 * `end`, which is at least `longestHeader`; returns where it begins. A v4-mapped source goes out as IPv4.
 */
export function writeHeader(target: Uint8Array, end: number, source: Bound): number {
  const address = unmapped(source.bytes)
  const start = end - address.length - 6
  target[start] = 0
  target[start + 1] = 0
  target[start + 2] = 0
  target[start + 3] = address.length === 4 ? AddressType.ipv4 : AddressType.ipv6
  target.set(address, start + 4)
  target[end - 2] = source.port >> 8
  target[end - 1] = source.port
  return start
}
