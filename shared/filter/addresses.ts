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
