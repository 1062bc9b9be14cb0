import type { Address } from '../net/address.ts'
import * as libc from './libc.ts'
import { hasLocalRoute } from './local-routes.ts'
import { boundAddress, connectSocket, MSG_NOSIGNAL, openUdpSocket } from './socket.ts'
import { encodeSocketAddress, socketAddressBytes } from './socket-address.ts'

/** UDP sockets, non-blocking and closed on exec. Results are 0 or more, or a negated errno. */

/** The port that drops what it gets (RFC 863); nothing is sent there. */
const discardPort = 9

/** What bind(2) says to an address that is another machine's, or of a family or an interface that this one has not. */
const strangers = new Set([libc.errno.EADDRNOTAVAIL, libc.errno.EAFNOSUPPORT, libc.errno.ENODEV])

const address = new Uint8Array(socketAddressBytes)

/**
 * Put our own address of the interface that reaches an address into `own`; no
 * packet is sent.
 */
export function addressTowards({ bytes, scope }: Address, own: Uint8Array): number {
  const fd = openUdpSocket(bytes.length)
  if (fd < 0) return fd
  let result = connectSocket(fd, bytes, discardPort, scope)
  if (result === 0) result = boundAddress(fd, own)
  libc.close(fd)
  return result
}

/**
 * Whether an address is this machine's: whether a socket can be bound to it (bind(2)), or a route of type local leads to
 * it. So are those of interfaces without a carrier. Without descriptors any is, to be on the safe side.
 */
export function isOurs(address: Address): boolean {
  const fd = bindUdpSocket(address)
  if (fd >= 0) libc.close(fd)
  return !strangers.has(-fd) || hasLocalRoute(address.bytes)
}

/** Open a UDP socket on an address of this machine, with any free port. */
export function bindUdpSocket({ bytes, scope }: Address): number {
  const fd = openUdpSocket(bytes.length)
  if (fd < 0) return fd
  const result = libc.bindSocket(fd, address, encodeSocketAddress(address, bytes, 0, scope))
  if (result === 0) return fd
  libc.close(fd)
  return result
}

/** Send one datagram; returns how many bytes the kernel took. */
export function sendDatagram(fd: number, payload: Uint8Array, { bytes, scope }: Address, port: number): number {
  const length = encodeSocketAddress(address, bytes, port, scope)
  return libc.sendto(fd, payload, payload.length, MSG_NOSIGNAL, address, length)
}
