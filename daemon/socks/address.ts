/** IP addresses as bytes, in network order: 4 for IPv4, 16 for IPv6. */

/** What precedes the IPv4 address in ::ffff:a.b.c.d (RFC 4291, section 2.5.5.2). */
const mappedPrefix = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff)

/** A number up to 255, without a leading zero. */
const octet = '(0|[1-9]\\d?|1\\d\\d|2[0-4]\\d|25[0-5])'
const dotted = new RegExp(`^${octet}\\.${octet}\\.${octet}\\.${octet}$`)

/**
 * The bytes of an IPv4 or IPv6 literal; undefined for any other text. IPv4 is four decimal numbers, without the octal,
 * hexadecimal and shortened forms of inet_aton(3); IPv6 is without brackets and zone.
 */
export function parseAddress(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text)
}

/** The IPv4 address inside a v4-mapped one; any other address as it is. */
export function unmapped(address: Uint8Array): Uint8Array {
  const isMapped = address.length === 16 && mappedPrefix.every((octet, i) => octet === address[i])
  return isMapped ? address.subarray(mappedPrefix.length) : address
}

function parseIpv4(text: string): Uint8Array | undefined {
  const match = dotted.exec(text)
  return match ? Uint8Array.from(match.slice(1), Number) : undefined
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
