import { lookup } from 'node:dns/promises'
import { type Families, type Family, familyOf, noAddresses } from './families.ts'
import { findByRule, HostsFile } from './local-names.ts'
import type { NameSource } from './resolver.ts'

/** The system does not tell for how long its answers are good. */
const lasts = 10_000
/** Threads that one name holds until both its families have answered. */
const threadsPerLookup = 2
/** Libuv lets lookups hold so much of its pool; the threads that they leave free check passwords. */
const lookupsPart = 1 / 2

/** Threads of libuv's pool for 64 names at once. */
export const wantedThreads = (64 * threadsPerLookup) / lookupsPart

/** The hosts file, then the system's resolver, where libuv has so many threads. */
export function bySystem(threads: number, warn: (message: string) => void): NameSource {
  const hosts = new HostsFile('/etc/hosts', warn)
  return {
    findLocally: (name) => hosts.find(name) ?? findByRule(name),
    find: findInSystem,
    room: Math.max(1, Math.floor((threads * lookupsPart) / threadsPerLookup)),
  }
}

/**
 * Asks the system's resolver, which orders each family's addresses (RFC 6724). The families are asked for apart, for
 * getaddrinfo(3) tells nothing of one while the other's server is silent. Each holds a thread meanwhile.
 */
function findInSystem(name: string): Families {
  return { ipv6: ask(name, 6), ipv4: ask(name, 4) }
}

async function ask(name: string, family: 4 | 6): Promise<Family> {
  try {
    const found = await lookup(name, { all: true, family, order: 'verbatim' })
    const addresses = found.map(({ address }) => address)
    return familyOf(addresses, lasts)
  } catch {
    return noAddresses
  }
}
