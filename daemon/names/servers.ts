import type { Endpoint } from '../net/endpoint.ts'
import { type Question, questionFor, RecordType } from './dns-message.ts'
import { DnsServer } from './dns-server.ts'
import { type Family, familyOf, mostAddresses, noAddresses } from './families.ts'
import { findByRule } from './local-names.ts'
import type { NameSource } from './resolver.ts'
import type { Payer } from './shares.ts'

/** How each server is asked, if none has told: old ones may not answer what is not plain. */
const rounds = [{ plain: false }, { plain: false }, { plain: true }]
/** Names asked for at once: their questions fit into the buffer that a server's socket usually has. */
const room = 128
/** Where servers listen that are given without a port. */
const usualPort = 53

/** These servers alone, each `ADDR` or `ADDR:PORT`, IPv6 in brackets if there is a port. */
export function byServers(texts: readonly string[]): NameSource {
  const servers = texts.map((text) => new DnsServer(endpointOf(text), mostAddresses))
  const find = (name: string, type: RecordType, payer: Payer) => ask(servers, questionFor(name, type), payer)
  return {
    findLocally: findByRule,
    find: (name, payer) => ({ ipv6: find(name, RecordType.AAAA, payer), ipv4: find(name, RecordType.A, payer) }),
    room,
  }
}

/** The first server that knows tells. */
async function ask(servers: readonly DnsServer[], question: Question | undefined, payer: Payer): Promise<Family> {
  if (!question) return noAddresses
  for (const { plain } of rounds) {
    for (const server of servers) {
      const reply = await server.ask(question, plain, payer)
      if (reply?.isKnown) return familyOf(reply.addresses, 1000 * reply.ttl)
    }
  }
  return noAddresses
}

function endpointOf(text: string): Endpoint {
  const [, ipv6, ipv4, port] = /^(?:\[(.*)\]|([\d.]+)):(\d+)$/.exec(text) ?? []
  return { address: ipv6 ?? ipv4 ?? text, port: Number(port ?? usualPort) }
}
