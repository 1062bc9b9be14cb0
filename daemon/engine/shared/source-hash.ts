/** Four bytes of an address as an Int32, in network order. */
export function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]
}

/**
 * Spreads sources, of which the first two words are all, over the 32 bits of an Int32. Whoever does not know the seed cannot
 * choose addresses that all want one place. `kind` tells apart what else there is of one source.
 */
export function hashOf(seed: number, kind: number, first: number, second: number): number {
  const hash = mixed(mixed(mixed(seed, kind), first), second)
  const spread = Math.imul(hash, 0x85ebca6b)
  return spread ^ (spread >>> 16)
}

function mixed(hash: number, word: number): number {
  const next = Math.imul(hash ^ word, 0x9e3779b1)
  return next ^ (next >>> 15)
}
