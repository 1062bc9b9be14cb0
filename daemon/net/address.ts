/** IP addresses as both engines have them: bytes in network order, 4 of IPv4 or 16 of IPv6. */

/** An IPv4-mapped address is kept as IPv4, so that each address has one form only. */
export interface Address {
  readonly bytes: Uint8Array
  /** The index of the interface by which a link-local address is reached (RFC 4007, section 6); of any other 0. */
  readonly scope: number
}

/** What precedes the IPv4 address in ::ffff:a.b.c.d (RFC 4291, section 2.5.5.2). */
export const mappedPrefix = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff)

const loopbackIpv4: Address = { bytes: Uint8Array.of(127, 0, 0, 1), scope: 0 }
/** ::1 */
export const loopbackIpv6: Address = { bytes: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), scope: 0 }

const dot = 0x2e
const zero = 0x30

/**
 * The address that a literal stands for; undefined for any other text. IPv6 may name its interface (`fe80::1%eth0` or
 * `%2`, RFC 4007, section 11): `indexOf` gives that one's index, 0 if there is none.
 */
export function parseAddress(text: string, indexOf: (zone: string) => number = () => 0): Address | undefined {
  const percent = text.indexOf('%')
  const bytes = parseLiteral(percent < 0 ? text : text.slice(0, percent))
  if (!bytes || percent < 0) return bytes && { bytes: unmapped(bytes), scope: 0 }
  const zone = text.slice(percent + 1)
  if (bytes.length === 4 || zone === '') return undefined
  return { bytes: unmapped(bytes), scope: /^\d+$/.test(zone) ? Number(zone) : indexOf(zone) }
}

/**
 * The bytes of an IPv4 or IPv6 literal as it is written; undefined for any other text. IPv4 is four decimal numbers,
 * without the octal, hexadecimal and shortened forms of inet_aton(3); IPv6 is without brackets and zone.
 */
export function parseLiteral(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text)
}

/** The literal of an address, IPv6 as RFC 5952 wants it, without a zone. */
export function formatAddress(bytes: Uint8Array): string {
  return bytes.length === 4 ? bytes.join('.') : formatIpv6(bytes)
}

/** The IPv4 address inside an IPv4-mapped one; any other address as it is. */
export function unmapped(bytes: Uint8Array): Uint8Array {
  return bytes.length === 16 && isMapped(bytes, 0) ? bytes.subarray(mappedPrefix.length) : bytes
}

/** As `unmapped`, of a literal; any other text as it is. */
export function unmappedLiteral(text: string): string {
  const bytes = /^::ffff:/i.test(text) ? parseLiteral(text) : undefined
  return bytes ? formatAddress(unmapped(bytes)) : text
}

/** Whether the 16 bytes at `at` are an IPv4-mapped address. */
export function isMapped(bytes: Uint8Array, at: number): boolean {
  // By steps: this and `isSame` are asked of every connection, several times.
  for (let i = 0; i < mappedPrefix.length; i++) if (bytes[at + i] !== mappedPrefix[i]) return false
  return true
}

/** Write an address into the 16 bytes at `at`, IPv4 as IPv4-mapped. */
export function writeMapped(target: Uint8Array, at: number, bytes: Uint8Array): void {
  const start = 16 - bytes.length
  for (let i = 0; i < start; i++) target[at + i] = mappedPrefix[i]
  for (let i = start; i < 16; i++) target[at + i] = bytes[i - start]
}

/** 16 bytes for any address, IPv4 as IPv4-mapped. */
export function mapped(bytes: Uint8Array): Uint8Array {
  const target = new Uint8Array(16)
  writeMapped(target, 0, bytes)
  return target
}

/** Whether both are the same address. */
export function isSame(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false
  return true
}

/** 0.0.0.0 or ::, which stands for every address of this machine, or for none yet. */
export function isUnspecified(bytes: Uint8Array): boolean {
  return bytes.every((octet) => octet === 0)
}

/** What is sent to 0.0.0.0 or :: goes to loopback (ip(7), ipv6(7)), whose address answers; any other address as it is. */
export function reachedBy(address: Address): Address {
  if (!isUnspecified(address.bytes)) return address
  return address.bytes.length === 4 ? loopbackIpv4 : loopbackIpv6
}

/** 127.0.0.0/8 or ::1, which only this machine reaches. */
export function isLoopback(bytes: Uint8Array): boolean {
  if (bytes.length === 4) return bytes[0] === 127
  return bytes.every((octet, i) => octet === (i === 15 ? 1 : 0))
}

/** Of many hosts at once: 224.0.0.0/4, 255.255.255.255 or ff00::/8. */
export function isMulticast(bytes: Uint8Array): boolean {
  if (bytes.length === 4) return (bytes[0] as number) >> 4 === 14 || bytes.every((octet) => octet === 255)
  return bytes[0] === 255
}

/** As `isLoopback`, of a literal. */
export function isLoopbackLiteral(text: string): boolean {
  const address = parseAddress(text)
  return address !== undefined && isLoopback(address.bytes)
}

/**
 * Equal for addresses that count as one source when shares and failures are counted: an IPv4 address each, of IPv6 a
 * network of 64 bits, since whoever has one of its addresses usually has them all.
 */
export function sourceOf(bytes: Uint8Array): string {
  return formatAddress(firstOfSource(bytes, 64))
}

/** The source (`sourceOf`) that an address is of; anything else is its own. */
export function sourceNamed(literal: string): string {
  const address = parseAddress(literal)
  return address ? sourceOf(address.bytes) : literal
}

/** The first address of the source that an address is of, with so many bits of IPv6 to one; a copy. */
export function firstOfSource(bytes: Uint8Array, bits: 48 | 64): Uint8Array {
  return bytes.map((octet, i) => (bytes.length === 4 || i < bits / 8 ? octet : 0))
}

/** By steps: the portable engine reads five literals a connection, and a regular expression takes twelve times as long. */
function parseIpv4(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(4)
  let at = 0
  let octet = 0
  let digits = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === dot) {
      if (digits === 0 || at === 3) return undefined
      bytes[at++] = octet
      octet = 0
      digits = 0
      continue
    }
    const digit = code - zero
    const hasLeadingZero = digits > 0 && octet === 0
    if (digit < 0 || digit > 9 || hasLeadingZero) return undefined
    octet = octet * 10 + digit
    digits++
    if (octet > 255) return undefined
  }
  if (at < 3 || digits === 0) return undefined
  bytes[3] = octet
  return bytes
}

function parseIpv6(text: string): Uint8Array | undefined {
  const hex = text.includes('.') ? withHexadecimalTail(text) : text
  const [before = '', after, ...more] = hex.split('::')
  const head = parseGroups(before)
  const tail = parseGroups(after ?? '')
  if (!head || !tail || more.length > 0) return undefined

  const omitted = 8 - head.length - tail.length
  if (after === undefined ? omitted !== 0 : omitted < 1) return undefined
  const groups = [...head, ...Array<number>(omitted).fill(0), ...tail]
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]))
}

/** Writes the dotted IPv4 address that may end an IPv6 literal as two groups; '' if it is none. */
function withHexadecimalTail(text: string): string {
  const start = text.lastIndexOf(':') + 1
  const tail = parseIpv4(text.slice(start))
  if (!tail) return ''
  const octets = new DataView(tail.buffer)
  return `${text.slice(0, start)}${octets.getUint16(0).toString(16)}:${octets.getUint16(2).toString(16)}`
}

function parseGroups(text: string): number[] | undefined {
  if (text === '') return []
  const groups = text.split(':')
  return groups.every((group) => /^[\da-f]{1,4}$/i.test(group)) ? groups.map((group) => parseInt(group, 16)) : undefined
}

function formatIpv6(bytes: Uint8Array): string {
  const groups: number[] = []
  for (let i = 0; i < 16; i += 2) groups.push((bytes[i] << 8) | bytes[i + 1])
  const gap = longestGap(groups)
  if (!gap) return hexadecimal(groups)
  return `${hexadecimal(groups.slice(0, gap.start))}::${hexadecimal(groups.slice(gap.start + gap.length))}`
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

function hexadecimal(groups: readonly number[]): string {
  return groups.map((group) => group.toString(16)).join(':')
}
