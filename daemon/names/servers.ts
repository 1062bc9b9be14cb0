import { Resolver } from 'node:dns/promises'
import { type Family, familyOf, noAddresses } from './families.ts'
import { findLocalhost } from './local-names.ts'
import type { NameSource } from './resolver.ts'

/** How long one query may take before the next attempt, in milliseconds, and how many attempts there are. */
const patience = { timeout: 2_000, tries: 2 }
/** Names asked for at once; each costs two queries and no thread. */
const room = 256

/** These servers alone, each `ADDR` or `ADDR:PORT`, IPv6 in brackets if there is a port. */
export function byServers(servers: readonly string[]): NameSource {
  const resolver = new Resolver(patience)
  resolver.setServers(servers)
  return {
    findLocally: findLocalhost,
    find: (name) => ({
      ipv6: resolver.resolve6(name, { ttl: true }).then(read, () => noAddresses),
      ipv4: resolver.resolve4(name, { ttl: true }).then(read, () => noAddresses),
    }),
    room,
  }
}

function read(records: readonly { readonly address: string; readonly ttl: number }[]): Family {
  const addresses = records.map(({ address }) => address)
  const shortest = Math.min(...records.map(({ ttl }) => ttl))
  return familyOf(addresses, 1000 * shortest)
}
