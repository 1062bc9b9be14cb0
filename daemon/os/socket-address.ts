import { type Address, mappedPrefix } from '../net/address.ts'
import { lend } from './libc.ts'

/** The kernel's `sockaddr_in` and `sockaddr_in6` to and from address bytes; see ip(7) and ipv6(7). */

export const AF_INET = 2
export const AF_INET6 = 10

/** Room for either kind of socket address. */
export const socketAddressBytes = 28

/** Write a socket address into `target`; returns its length. */
export function encodeSocketAddress(target: Uint8Array, bytes: Uint8Array, port: number, scope = 0): number {
  for (let i = 0; i < socketAddressBytes; i++) target[i] = 0
  target[2] = port >> 8
  target[3] = port & 0xff
  if (bytes.length === 4) {
    target[0] = AF_INET
    for (let i = 0; i < 4; i++) target[4 + i] = bytes[i]
    return 16
  }
  target[0] = AF_INET6
  target.set(bytes, 8)
  new DataView(target.buffer, target.byteOffset).setUint32(24, scope, true)
  return socketAddressBytes
}

/** A socket address that the kernel fills again and again; its `bytes` are good until it does so next. */
export class SocketAddress {
  readonly memory = lend(socketAddressBytes)
  readonly #ipv4 = bytesIn(this.memory.bytes, AF_INET)
  readonly #ipv6 = bytesIn(this.memory.bytes, AF_INET6)

  /** The address, in its own family. */
  get bytes(): Uint8Array {
    return this.memory.bytes[0] === AF_INET ? this.#ipv4 : this.#ipv6
  }

  get port(): number {
    return portOf(this.memory.bytes)
  }
}

/** The port in a socket address. */
export function portOf(source: Uint8Array): number {
  return (source[2] << 8) | source[3]
}

/** Copy a socket address's address into 16 bytes at `offset`, IPv4 as IPv4-mapped. */
export function copyMapped(source: Uint8Array, target: Uint8Array, offset: number): void {
  if (source[0] === AF_INET) {
    for (let i = 0; i < 12; i++) target[offset + i] = mappedPrefix[i]
    for (let i = 0; i < 4; i++) target[offset + 12 + i] = source[4 + i]
  } else {
    for (let i = 0; i < 16; i++) target[offset + i] = source[8 + i]
  }
}

/** The address bytes of a socket address, in its own family; a view, good until `source` changes. */
export function bytesOf(source: Uint8Array): Uint8Array {
  return bytesIn(source, source[0])
}

function bytesIn(source: Uint8Array, family: number): Uint8Array {
  return family === AF_INET ? source.subarray(4, 8) : source.subarray(8, 24)
}

/** A socket address's address, to be kept. */
export function addressOf(source: Uint8Array): Address {
  const scope = source[0] === AF_INET ? 0 : new DataView(source.buffer, source.byteOffset).getUint32(24, true)
  return { bytes: bytesOf(source).slice(), scope }
}
