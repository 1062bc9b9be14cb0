/**
 * Compares two texts by code point, for `sort`: the order of their UTF-8 bytes. JavaScript's own order differs where a
 * character beyond U+FFFF, which is two surrogates, meets one from U+E000 on.
 */
export function byCodePoint(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i)
    const right = b.charCodeAt(i)
    if (left !== right) return rank(left) - rank(right)
  }
  return a.length - b.length
}

/** Puts surrogates (U+D800 to U+DFFF) behind all other code units. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
