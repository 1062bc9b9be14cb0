import { isIPv6 } from 'node:net'

/** `address:port` for people, IPv6 in brackets. */
export function formatEndpoint({ address, port }: { readonly address: string; readonly port: number }): string {
  return isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`
}
