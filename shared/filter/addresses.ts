import { BlockList, isIP } from 'node:net'

/** The host of `host:port` or `[IPv6]:port`, brackets taken off. */
export function hostOf(place: string): string {
  const end = place.lastIndexOf(':')
  const host = end < 0 ? place : place.slice(0, end)
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
}

/** The port of `host:port`; NaN if there is none. */
export function portOf(place: string): number {
  const end = place.lastIndexOf(':')
  return end < 0 ? Number.NaN : Number(place.slice(end + 1))
}

/** Whether text is meant as a range of addresses, well-formed or not. */
export function looksLikeRange(text: string): boolean {
  return /^[0-9a-f]*[.:][0-9a-f.:]*\/\d*$/i.test(text)
}

/** Tests whether an address is in a range such as `10.0.0.0/8` or `2001:db8::/32`; null if it is not well-formed. */
export function parseRange(range: string): ((address: string) => boolean) | null {
  const [, network = '', length = ''] = /^(.*)\/(\d+)$/.exec(range) ?? []
  const family = isIP(network)
  if (family === 0 || Number(length) > (family === 4 ? 32 : 128)) return null
  const list = new BlockList()
  list.addSubnet(network, Number(length), family === 4 ? 'ipv4' : 'ipv6')
  return (address) => {
    const kind = isIP(address)
    return kind !== 0 && list.check(address, kind === 4 ? 'ipv4' : 'ipv6')
  }
}

/** The addresses of one family whose first `prefix` bits are those of `first`, whose others are 0. */
export interface Network {
  /** 32 bits, or 128. */
  readonly bits: 32 | 128
  readonly first: bigint
  readonly prefix: number
}

/** A network or an address as the daemon reads it, IPv4-mapped ones as IPv4; null for any other text, bits behind the prefix included. */
export function readNetwork(text: string): Network | null {
  const [literal = '', length, ...more] = text.split('/')
  const family = literal.includes('%') ? 0 : isIP(literal)
  const bits = family === 4 ? 32 : 128
  if (family === 0 || more.length > 0 || !/^\d{1,3}$/.test(length ?? '0') || Number(length ?? 0) > bits) return null
  const written = family === 4 ? ipv4Bits(literal) : ipv6Bits(literal)
  const isMapped = family === 6 && written >> 32n === 0xffffn
  const network: Network = isMapped
    ? { bits: 32, first: written & 0xffff_ffffn, prefix: Number(length ?? bits) - 96 }
    : { bits, first: written, prefix: Number(length ?? bits) }
  return network.prefix >= 0 && firstOf(network, network.prefix) === network.first ? network : null
}

/** The first address of the network of so many bits that a network begins in. */
export function firstOf({ bits, first }: Network, prefix: number): bigint {
  const behind = BigInt(bits - prefix)
  return (first >> behind) << behind
}

/** Whether they have an address in common. */
export function overlap(one: Network, other: Network): boolean {
  const prefix = Math.min(one.prefix, other.prefix)
  return one.bits === other.bits && firstOf(one, prefix) === firstOf(other, prefix)
}

function ipv4Bits(literal: string): bigint {
  return literal.split('.').reduce((all, octet) => (all << 8n) | BigInt(octet), 0n)
}

function ipv6Bits(literal: string): bigint {
  // Has a dotted end written as two groups.
  const { hostname } = new URL(`http://[${literal}]`)
  const [head = [], tail = []] = hostname
    .slice(1, -1)
    .split('::')
    .map((half) => half.split(':').filter(Boolean))
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail]
  return groups.reduce((all, group) => (all << 16n) | BigInt(`0x${group}`), 0n)
}
