import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'

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
