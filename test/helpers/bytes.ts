export type Part = number | string | Uint8Array

/** Bytes from octets, texts (one byte a character, as in latin1) and other bytes, one behind the other. */
export function bytes(...parts: readonly Part[]): Uint8Array {
  return Uint8Array.from(parts.flatMap(octets))
}

function octets(part: Part): number[] {
  if (typeof part === 'number') return [part]
  return [...(typeof part === 'string' ? Buffer.from(part, 'latin1') : part)]
}
