import { readFileSync } from 'node:fs'
import { contains, type Network } from '../net/network.ts'

/** All routes of IPv6, one a line: destination, its prefix, six more columns, flags, interface; numbers are hexadecimal. */
const table = '/proc/net/ipv6_route'
/** What is sent there stays on this machine (linux/ipv6_route.h). */
const RTF_LOCAL = 0x8000_0000

/** Milliseconds for which a look at the table counts: a router has a million routes, and any datagram may ask. */
const period = 1000

let networks: readonly Network[] = []
let readAt = Number.NEGATIVE_INFINITY

/**
 * Whether a route of type local (ip-route(8)) leads to an address, as it was a second ago at the latest: then it is this
 * machine's, though bind(2) refuses all of them in IPv6 that no interface has. False on systems without that table.
 */
export function hasLocalRoute(address: Uint8Array): boolean {
  if (address.length === 4) return false
  const now = performance.now()
  if (now - readAt >= period) {
    readAt = now
    networks = readLocalRoutes()
  }
  return networks.some((network) => contains(network, address))
}

function readLocalRoutes(): Network[] {
  try {
    return readFileSync(table, 'latin1').split('\n').flatMap(networkOf)
  } catch {
    return []
  }
}

/** None of a route of another type. */
function networkOf(line: string): Network[] {
  const [to = '', prefix = '', , , , , , , flags = ''] = line.split(' ')
  if ((Number.parseInt(flags, 16) & RTF_LOCAL) === 0) return []
  return [{ bytes: Buffer.from(to, 'hex'), prefix: Number.parseInt(prefix, 16) }]
}
