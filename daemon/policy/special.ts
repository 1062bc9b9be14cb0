import { isLoopback, isUnspecified, reachedBy, unmapped } from '../net/address.ts'
import { contains, type Network, parseNetwork } from '../net/network.ts'

/**
 * Addresses that are no public host's: of this machine and its neighbours, of documentation and tests, of many at once
 * (the special-purpose registries of IANA, RFC 6890, and the multicast and reserved networks).
 */
const specialNetworks = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
  ...['224.0.0.0/4', '240.0.0.0/4'],
  ...[
    '::/96',
    '64:ff9b:1::/48',
    '100::/64',
    '2001::/23',
    '2001:db8::/32',
    '3fff::/20',
    '5f00::/16',
    'fc00::/7',
    'fe80::/10',
    'fec0::/10',
  ],
  'ff00::/8',
].map(parseNetwork)

/** By the first octet of an address, which of them it may lie in: nearly always none. */
const specialIpv4 = byFirstOctet(4)
const specialIpv6 = byFirstOctet(16)

/** Whether an address, 4 or 16 bytes and not IPv4-mapped, is one of those. */
export function isSpecial(address: Uint8Array): boolean {
  const possible = (address.length === 4 ? specialIpv4 : specialIpv6)[address[0] as number] as readonly Network[]
  for (const network of possible) if (contains(network, address)) return true
  return false
}

function byFirstOctet(length: number): readonly (readonly Network[])[] {
  const networks = specialNetworks.filter(({ bytes }) => bytes.length === length)
  return Array.from({ length: 256 }, (_, octet) =>
    networks.filter(({ bytes, prefix }) => ((bytes[0] as number) ^ octet) >> Math.max(0, 8 - prefix) === 0),
  )
}

/** The IPv4 hosts that an IPv6 address leads to, and where in it the four octets of their addresses lie. */
const embeddings: readonly { network: Network; octets: readonly number[]; mask: number }[] = [
  // NAT64 (RFC 6052), and 6to4 (RFC 3056).
  { network: parseNetwork('64:ff9b::/96'), octets: [12, 13, 14, 15], mask: 0 },
  { network: parseNetwork('2002::/16'), octets: [2, 3, 4, 5], mask: 0 },
  // NAT64 of a network's own (RFC 8215), by each length that its prefix may have (RFC 6052, section 2.2): it cannot be told.
  ...[
    [6, 7, 9, 10],
    [7, 9, 10, 11],
    [9, 10, 11, 12],
    [12, 13, 14, 15],
  ].map((octets) => ({ network: parseNetwork('64:ff9b:1::/48'), octets, mask: 0 })),
  // IPv4-compatible (RFC 4291, section 2.5.5.1), which Linux tunnels where it has sit0, and IPv4-translated (RFC 2765).
  { network: parseNetwork('::/96'), octets: [12, 13, 14, 15], mask: 0 },
  { network: parseNetwork('::ffff:0:0:0/96'), octets: [12, 13, 14, 15], mask: 0 },
  // Teredo (RFC 4380, section 4): its server, and its client with all bits turned.
  { network: parseNetwork('2001::/32'), octets: [4, 5, 6, 7], mask: 0 },
  { network: parseNetwork('2001::/32'), octets: [12, 13, 14, 15], mask: 0xff },
]

const none: readonly Uint8Array[] = []

/**
 * Where an address leads to in the end: the IPv4 addresses inside an IPv6 one that is translated or tunnelled to them, and
 * loopback for a wildcard (ip(7), ipv6(7)); nearly always none. Of several readings those in 0.0.0.0/8
 * are wrong, for no host is there.
 */
export function embeddedAddresses(address: Uint8Array): readonly Uint8Array[] {
  const bytes = unmapped(address)
  if (isIsatap(bytes)) return [bytes.subarray(12)]
  if (bytes[0] !== 0 && bytes[0] !== 0x20) return none
  if (isUnspecified(bytes)) return [reachedBy({ bytes, scope: 0 }).bytes]
  if (bytes.length === 4 || isLoopback(bytes)) return none
  return embeddings
    .filter(({ network }) => contains(network, bytes))
    .map(({ octets, mask }) => Uint8Array.from(octets, (at) => (bytes[at] as number) ^ mask))
    .filter(([first], _, all) => first !== 0 || all.length === 1)
}

/** Whatever its network is, the second half of it says so (RFC 5214, section 6.1). */
function isIsatap(bytes: Uint8Array): boolean {
  return bytes[10] === 0x5e && bytes[11] === 0xfe && bytes[9] === 0 && (bytes[8] === 0 || bytes[8] === 2)
}
