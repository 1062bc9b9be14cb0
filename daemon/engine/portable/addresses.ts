import { parseAddress } from '../../socks/address.ts'
import type { Bound } from '../../socks/messages.ts'

/** Between the bytes of addresses, 4 or 16 in network order, and the literals of node:net. */

/** An address in a form that node:net takes. */
export function literalOf(address: Uint8Array): string {
  if (address.length === 4) return address.join('.')
  return Array.from({ length: 8 }, (_, i) => ((address[2 * i] << 8) | address[2 * i + 1]).toString(16)).join(':')
}

/** A literal's bytes, its zone left out; undefined for any other text. */
export function bytesOf(literal: string): Uint8Array | undefined {
  return parseAddress(literal.replace(/%.*/, ''))
}

/** What a reply tells of a socket's address; undefined if it has none any more. */
export function boundOf(literal = '', port = 0): Bound | undefined {
  const address = bytesOf(literal)
  return address && { address, port }
}

/** 0.0.0.0 or :: */
export function isUnspecified(address: Uint8Array): boolean {
  return address.every((octet) => octet === 0)
}
