import { lookup } from 'node:dns/promises'
import type { Found } from './found.ts'

/** The system does not tell for how long its answers are good. */
const lasts = 10_000

/** Asks the system's resolver, hosts file included, which orders the addresses too (RFC 6724). Holds a thread. */
export async function findInSystem(name: string): Promise<Found> {
  const found = await lookup(name, { all: true, order: 'verbatim' })
  return { addresses: found.map(({ address }) => address), lasts }
}
