import { isIP, isIPv6 } from 'node:net'
import type { Settings } from '../../shared/settings.ts'
import type { Endpoint } from '../net/endpoint.ts'

const usual = '127.0.0.1'
const form = /^(?:(?:\[([^\]]*)\]|([^:[\]]*)):)?(\d{1,5})$/

/** Reads `[ADDR:]PORT`, an IPv6 address in brackets; port 0 takes any free one. Undefined if it is none. */
export function parseMetricsEndpoint(text: string): Endpoint | undefined {
  const [, ipv6, ipv4, port] = form.exec(text) ?? []
  const address = ipv6 ?? ipv4 ?? usual
  if (isIP(address) === 0 || (ipv6 !== undefined && !isIPv6(ipv6))) return undefined
  return Number(port) <= 65_535 ? { address, port: Number(port) } : undefined
}

/** All that the settings ask for, in their order. */
export function metricsEndpoints(values: Readonly<Settings>): Endpoint[] {
  return values['metrics-addr'].flatMap((text) => parseMetricsEndpoint(text) ?? [])
}
