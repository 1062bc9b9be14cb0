import { onTestFinished } from 'vitest'
import { bindSocket, close } from '../../daemon/os/libc.ts'
import { accept, boundPort, connectSocket, listen, openSocket, setNoDelay } from '../../daemon/os/socket.ts'
import { encodeSocketAddress, socketAddressBytes } from '../../daemon/os/socket-address.ts'

const loopback = Uint8Array.of(127, 0, 0, 1)

/**
 * Both ends of a connection from an address of this machine, as descriptors, and the socket address of the first, which is
 * closed when the test is over.
 */
export function connection(from: Uint8Array = loopback): [far: number, near: number, address: Uint8Array] {
  const listener = listen({ bytes: loopback, scope: 0 }, 0, 1)
  const address = new Uint8Array(socketAddressBytes)
  const far = openSocket(4)
  setNoDelay(far)
  bindSocket(far, address, encodeSocketAddress(address, from, 0))
  connectSocket(far, loopback, boundPort(listener))
  const near = accept(listener, address)
  close(listener)
  onTestFinished(() => void close(far))
  return [far, near, address]
}
