import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import { parseAddress } from '../../net/address.ts'
import type { Bound } from '../../socks/messages.ts'

/** Any will do: nothing is sent. */
const port = 9

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
