/** Four bytes of an address as an Int32, in network order. */
export function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]
}

/** Spreads sources, of which the first two words are all, over the 32 bits of an Int32. */
export function hashOf(prefix: number, first: number, second: number): number {
  let hash = Math.imul(first ^ Math.imul(second ^ prefix, 0x9e3779b1), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
