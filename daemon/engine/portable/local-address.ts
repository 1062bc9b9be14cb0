import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { type Address, isLoopback, isSame, parseAddress } from '../../net/address.ts'
import type { Bound } from '../../socks/messages.ts'

/** Any will do: nothing is sent. */
const port = 9

/** Milliseconds for which the interfaces' addresses are remembered. */
const lasts = 1_000
let addresses: readonly Uint8Array[] = []
let askedAt = Number.NEGATIVE_INFINITY

/** Whether one of this machine's interfaces has the address now, or had it a second ago. All of 127.0.0.0/8 is ours. */
export function isOurs({ bytes }: Address): boolean {
  const now = performance.now()
  if (now - askedAt > lasts) {
    const interfaces = Object.values(networkInterfaces()).flatMap((those = []) => those)
    addresses = interfaces.flatMap(({ address }) => parseAddress(address)?.bytes ?? [])
    askedAt = now
  }
  return isLoopback(bytes) || addresses.some((own) => isSame(own, bytes))
}

/** The address of the interface from which `address`, a literal, is reached. Rejects with ENETUNREACH if none is. */
export async function localAddressTo(address: string): Promise<string> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
  try {
    socket.connect(port, address)
    await once(socket, 'connect')
    return socket.address().address
  } finally {
    socket.close()
  }
}

/** What a reply tells of a socket's address; undefined if it has none any more. */
export function boundOf(literal = '', port = 0): Bound | undefined {
  const address = parseAddress(literal)
  return address && { bytes: address.bytes, port }
}
