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
