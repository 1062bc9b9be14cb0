import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import { type Address, formatAddress, isSame, parseAddress, unmapped } from '../../net/address.ts'
import { hasLocalRoute } from '../../os/local-routes.ts'
import type { Bound } from '../../socks/messages.ts'
import type { DatagramEnds } from '../shared/datagram-ends.ts'
import type { Session } from './session.ts'

/** Any will do: nothing is sent. */
const port = 9

/** What bind(2) says to an address that is another machine's, or of a family that this one has not. */
const strangers = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT'])

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

/**
 * Where a client comes from, and where it reaches us: at the end of its connection that is ours or, if a balancer passes that
 * on, at our address on the way to the client. Both are literals, or empty if the connection is over.
 */
export async function clientEnds({ client, row }: Session): Promise<DatagramEnds<string>> {
  const { localAddress = '', remoteAddress = '' } = client
  const peer = parseAddress(remoteAddress)?.bytes
  const bytes = unmapped(row.client)
  if (!peer || isSame(peer, bytes)) return { relay: localAddress, client: remoteAddress }
  const literal = formatAddress(bytes)
  return { relay: await localAddressTo(literal).catch(() => localAddress), client: literal }
}

/**
 * Whether an address is this machine's: whether a socket can be bound to it, or a route of type local leads to it. So are
 * those of interfaces without a carrier, of which os.networkInterfaces() knows nothing. What is not clear is, to be on the
 * safe side.
 */
export function isOurs({ bytes }: Address): boolean {
  const literal = formatAddress(bytes)
  // With a look-up that answers at once, bind is done when it returns, or has failed.
  const type = isIPv6(literal) ? 'udp6' : 'udp4'
  const socket = createSocket({ type, lookup: (_, __, done) => done(null, literal, 0) })
  let code = ''
  socket.on('error', (error: NodeJS.ErrnoException) => {
    code = error.code ?? ''
  })
  socket.bind({ address: literal, port: 0, exclusive: true })
  socket.close()
  return !strangers.has(code) || hasLocalRoute(bytes)
}

/** What a reply tells of a socket's address; undefined if it has none any more. */
export function boundOf(literal = '', port = 0): Bound | undefined {
  const address = parseAddress(literal)
  return address && { bytes: address.bytes, port }
}
