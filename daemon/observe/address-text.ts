/**
 * The text of `address:port`, IPv6 in brackets and as RFC 5952 wants it, for the 16 bytes of an address at `at`; an
 * IPv4-mapped one reads as IPv4.
 */
export function endpointText(bytes: Uint8Array, at: number, port: number): string {
  const isIpv4 = isZero(bytes, at, 10) && bytes[at + 10] === 0xff && bytes[at + 11] === 0xff
  return isIpv4 ? `${bytes.subarray(at + 12, at + 16).join('.')}:${port}` : `[${ipv6Text(bytes, at)}]:${port}`
}

/** Whether the `count` bytes at `at` are all zero. */
export function isZero(bytes: Uint8Array, at: number, count: number): boolean {
  for (let i = at; i < at + count; i++) if (bytes[i] !== 0) return false
  return true
}

function ipv6Text(bytes: Uint8Array, at: number): string {
  const groups: number[] = []
  for (let i = at; i < at + 16; i += 2) groups.push((bytes[i] << 8) | bytes[i + 1])
  const gap = longestGap(groups)
  if (!gap) return hex(groups)
  return `${hex(groups.slice(0, gap.start))}::${hex(groups.slice(gap.start + gap.length))}`
}

/** The first of the longest runs of zeros; a single zero is written out (RFC 5952, section 4.2). */
function longestGap(groups: readonly number[]): { start: number; length: number } | undefined {
  let longest: { start: number; length: number } | undefined
  let start = 0
  groups.forEach((group, i) => {
    if (group !== 0) start = i + 1
    else if (i - start >= (longest?.length ?? 1)) longest = { start, length: i + 1 - start }
  })
  return longest
}

function hex(groups: readonly number[]): string {
  return groups.map((group) => group.toString(16)).join(':')
}
