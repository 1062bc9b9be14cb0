import { formatAddress, parseLiteral, unmapped } from './address.ts'

/** The addresses of one family whose first `prefix` bits are those of `bytes` (RFC 4632, RFC 4291 section 2.3). */
export interface Network {
  /** 4 or 16 of them; the bits behind the prefix are 0. */
  readonly bytes: Uint8Array
  /** 0 to 32, or to 128. */
  readonly prefix: number
}

/**
 * The network that `ADDRESS/PREFIX` stands for, or a single address. Throws a RangeError, with a sentence for people, for
 * any other text, bits behind the prefix included: whoever wrote them meant something else.
 */
export function parseNetwork(text: string): Network {
  const [literal = '', length, ...more] = text.split('/')
  const written = parseLiteral(literal)
  if (!written || more.length > 0) throw new RangeError(`${JSON.stringify(text)} is no address or network`)
  const bits = written.length * 8
  if (length !== undefined && !(/^\d{1,3}$/.test(length) && Number(length) <= bits))
    throw new RangeError(`${JSON.stringify(text)} wants a prefix from 0 to ${bits} behind the slash`)
  const bytes = unmapped(written)
  const prefix = (length === undefined ? bits : Number(length)) - (written.length - bytes.length) * 8
  if (prefix < 0) throw new RangeError(`${JSON.stringify(text)} is wider than the IPv4 addresses it maps`)
  const first = masked(bytes, prefix)
  if (first.some((octet, i) => octet !== bytes[i])) {
    const meant = formatNetwork({ bytes: first, prefix })
    throw new RangeError(`${JSON.stringify(text)} has bits behind its prefix: write ${meant}`)
  }
  return { bytes, prefix }
}

/** As `parseNetwork` reads it; a single address without its prefix. */
export function formatNetwork({ bytes, prefix }: Network): string {
  const address = formatAddress(bytes)
  return prefix === bytes.length * 8 ? address : `${address}/${prefix}`
}

/** Whether an address, 4 or 16 bytes and not IPv4-mapped, is in the network. */
export function contains({ bytes, prefix }: Network, address: Uint8Array): boolean {
  if (bytes.length !== address.length) return false
  const whole = prefix >> 3
  for (let i = 0; i < whole; i++) if (bytes[i] !== address[i]) return false
  const rest = prefix & 7
  return rest === 0 || (bytes[whole] ^ address[whole]) >> (8 - rest) === 0
}

/** The last address of a network. */
export function lastAddressOf({ bytes, prefix }: Network): Uint8Array {
  return bytes.map((octet, i) => octet | (0xff >> Math.max(0, Math.min(8, prefix - 8 * i))))
}

function masked(bytes: Uint8Array, prefix: number): Uint8Array {
  return bytes.map((octet, i) => octet & ~(0xff >> Math.max(0, Math.min(8, prefix - 8 * i))))
}
