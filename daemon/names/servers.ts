import { Resolver } from 'node:dns/promises'
import type { Found } from './found.ts'

/** How long one query may take before the next attempt, in milliseconds, and how many attempts there are. */
const patience = { timeout: 2_000, tries: 2 }
/** Once one family is known, the other's answer is waited for so long only, in milliseconds (RFC 8305, section 3). */
const laterFamily = 250
/** What lacks a family that was late is good for so long only, in milliseconds. */
const incompleteLasts = 3_000

interface Family {
  readonly addresses: readonly string[]
  /** In milliseconds. */
  readonly lasts: number
}

/** No answer: the family has no addresses, or none that we were told of. */
const none: Family = { addresses: [], lasts: Number.POSITIVE_INFINITY }

/**
 * Asks these servers, each `ADDR` or `ADDR:PORT`, IPv6 in brackets if there is a port, for AAAA and A records at once.
 * The hosts file is not read; `localhost` and all below is this machine (RFC 6761, section 6.3).
 */
export function findByServers(servers: readonly string[]): (name: string) => Promise<Found> {
  const resolver = new Resolver(patience)
  resolver.setServers(servers)
  return async (name) => {
    if (/(^|\.)localhost\.?$/i.test(name)) return { addresses: ['::1', '127.0.0.1'], lasts: Number.POSITIVE_INFINITY }
    const six = resolver.resolve6(name, { ttl: true }).then(familyOf, () => none)
    const four = resolver.resolve4(name, { ttl: true }).then(familyOf, () => none)
    return bothOf(six, four)
  }
}

function familyOf(records: readonly { readonly address: string; readonly ttl: number }[]): Family {
  return {
    addresses: records.map(({ address }) => address),
    lasts: 1000 * Math.min(...records.map(({ ttl }) => ttl)),
  }
}

/** IPv6 first, for the dialler gives both their chance. */
async function bothOf(six: Promise<Family>, four: Promise<Family>): Promise<Found> {
  const first = await Promise.race([six, four])
  const rest = first.addresses.length > 0 ? [unlessLate(six), unlessLate(four)] : [six, four]
  const families = await Promise.all(rest)
  return {
    addresses: families.flatMap(({ addresses }) => addresses),
    lasts: Math.min(...families.map(({ lasts }) => lasts)),
  }
}

async function unlessLate(family: Promise<Family>): Promise<Family> {
  const { promise: late, resolve } = Promise.withResolvers<Family>()
  const timer = setTimeout(resolve, laterFamily, { addresses: [], lasts: incompleteLasts })
  try {
    return await Promise.race([family, late])
  } finally {
    clearTimeout(timer)
  }
}
