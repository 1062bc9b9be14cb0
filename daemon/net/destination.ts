import { type Address, parseAddress } from './address.ts'

/**
 * Where a client wants to go (CONNECT), whom it expects (BIND) or where its datagrams come from (UDP ASSOCIATE), for which
 * all zero means that it does not know. A name that is an address literal is an address.
 */
export type Destination =
  | (Address & { readonly kind: 'address'; readonly port: number })
  | { readonly kind: 'name'; readonly name: string; readonly port: number }

/**
 * Where `host`, a name or a literal, stands for. A name is one name however it is written (RFC 4343): in lower case, without
 * the root's dot. A literal with a zone is a name: whoever looks it up knows the interfaces.
 */
export function destinationOf(host: string, port: number): Destination {
  if (host.includes('%')) return { kind: 'name', name: host, port }
  const name = host.toLowerCase().replace(/\.$/, '')
  const address = parseAddress(name)
  return address ? { kind: 'address', ...address, port } : { kind: 'name', name, port }
}

/** No name is longer, in bytes (RFC 1928, section 5; RFC 1035, section 2.3.4). */
const longestName = 255

/**
 * As `destinationOf`, of a client's text; undefined if that is neither a name nor a literal. Only what host names are made of:
 * a NUL, a line break or a quote would mean one thing to a rule and another to the resolver, and so would a second dot at the
 * end. Colons are for IPv6 literals alone, and no label is empty.
 */
export function namedDestination(name: string, port: number): Destination | undefined {
  if (name.length > longestName || !/^(?!\.|.*\.\.)[\w.:-]+$/.test(name)) return undefined
  const destination = destinationOf(name, port)
  return destination.kind === 'name' && name.includes(':') ? undefined : destination
}

/** As `namedDestination`, of the bytes from `start` to `end`. */
export function namedDestinationIn(
  { buffer, byteOffset }: Uint8Array,
  start: number,
  end: number,
  port: number,
): Destination | undefined {
  // As their characters' codes they would take seven times as long, longer than all that is done with the name.
  return namedDestination(Buffer.from(buffer, byteOffset + start, end - start).toString('latin1'), port)
}
