/** The numbers and replies of RFC 1928, in its words. */

/** VER of a greeting, a request and a reply. */
export const version = 5

/** RFC 1928, section 3. */
export const Method = { none: 0, password: 2, unacceptable: 0xff } as const
export type Method = (typeof Method)[keyof typeof Method]

/** RFC 1928, section 4. */
export const Command = { connect: 1, bind: 2, udpAssociate: 3 } as const
export type Command = (typeof Command)[keyof typeof Command]

/** RFC 1928, section 5. */
export const AddressType = { ipv4: 1, name: 3, ipv6: 4 } as const
export type AddressType = (typeof AddressType)[keyof typeof AddressType]

/** RFC 1928, section 6. */
export const Reply = {
  succeeded: 0,
  generalFailure: 1,
  notAllowed: 2,
  networkUnreachable: 3,
  hostUnreachable: 4,
  connectionRefused: 5,
  ttlExpired: 6,
  commandNotSupported: 7,
  addressTypeNotSupported: 8,
} as const
export type Reply = (typeof Reply)[keyof typeof Reply]

/** A socket's address: 4 or 16 bytes in network order, and its port. */
export interface Bound {
  readonly bytes: Uint8Array
  readonly port: number
}

const nowhere: Bound = { bytes: new Uint8Array(4), port: 0 }

/**
 * A whole reply, always of full length: 10 bytes, or 22 if `bound` has 16 bytes of address.
 * Without `bound`, as in every failure, it carries 0.0.0.0:0.
 */
export function encodeReply(reply: Reply, bound: Bound = nowhere): Uint8Array {
  const message = new Uint8Array(6 + bound.bytes.length)
  writeReply(message, reply, bound)
  return message
}

/** As `encodeReply`, into memory that is there already; returns how long it is. */
export function writeReply(message: Uint8Array, reply: Reply, { bytes, port }: Bound): number {
  const { length } = bytes
  message[0] = version
  message[1] = reply
  message[2] = 0
  message[3] = length === 4 ? AddressType.ipv4 : AddressType.ipv6
  for (let i = 0; i < length; i++) message[4 + i] = bytes[i]
  message[4 + length] = port >> 8
  message[5 + length] = port
  return 6 + length
}
