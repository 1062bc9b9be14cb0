import { formatAddress, isMapped } from './address.ts'

/** An address literal, IPv6 without brackets, and a port; where one listens, 0 is any free one. */
export interface Endpoint {
  readonly address: string
  readonly port: number
}

/** `address:port` for people, IPv6 in brackets. */
export function formatEndpoint({ address, port }: Endpoint): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** The same for the 16 bytes of an address at `at`; an IPv4-mapped one reads as IPv4. */
export function endpointText(bytes: Uint8Array, at: number, port: number): string {
  return formatEndpoint({ address: formatAddress(bytes.subarray(isMapped(bytes, at) ? at + 12 : at, at + 16)), port })
}
