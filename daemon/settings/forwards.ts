import { isIP, isIPv6 } from 'node:net'
import type { Settings } from '../../shared/settings.ts'
import { formatEndpoint } from '../net/endpoint.ts'
import type { Forward } from '../sockets/listeners.ts'

const usual = '127.0.0.1'
const form = /^(?:(?:\[([^\]]*)\]|([^:=[\]]*)):)?(\d{1,5})=(?:\[([^\]]+)\]|([\w.-]{1,255})):(\d{1,5})$/

/** Read `[ADDR:]PORT=HOST:PORT`, IPv6 addresses in brackets; port 0 takes any free one. Undefined if it is none. */
export function parseForward(text: string): Forward | undefined {
  const [, ipv6, ipv4, port, hostIpv6, host = hostIpv6, hostPort] = form.exec(text) ?? []
  const address = ipv6 ?? ipv4 ?? usual
  if (host === undefined || isIP(address) === 0 || (ipv6 !== undefined && !isIPv6(ipv6))) return undefined
  if (hostIpv6 !== undefined && !isIPv6(hostIpv6)) return undefined
  const forward = { listen: { address, port: Number(port) }, host, port: Number(hostPort) }
  return forward.listen.port <= 65_535 && forward.port >= 1 && forward.port <= 65_535 ? forward : undefined
}

/** All that the settings ask for, in their order. */
export function forwardsOf(values: Readonly<Settings>): Forward[] {
  return values.forward.flatMap((text) => parseForward(text) ?? [])
}

/** Where a forward leads to, for people. */
export function forwardTarget({ host, port }: Forward): string {
  return formatEndpoint({ address: host, port })
}
