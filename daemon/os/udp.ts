import { AF_INET, AF_INET6 } from './address.ts'
import * as libc from './libc.ts'
import { boundAddress, connectSocket } from './socket.ts'

/** UDP sockets, non-blocking and closed on exec. Results are 0 or more, or a negated errno. */

const SOCK_DGRAM = 2
const SOCK_NONBLOCK = 0o4000
const SOCK_CLOEXEC = 0o2000000
/** The port that drops what it gets (RFC 863); nothing is sent there. */
const discardPort = 9

/** Open a UDP socket of the address's family. */
export function openUdpSocket(addressLength: number): number {
  const family = addressLength === 4 ? AF_INET : AF_INET6
  return libc.socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)
}

/** Put our own address of the interface that reaches `bytes` into `lastAddress`; no packet is sent. */
export function addressTowards(bytes: Uint8Array): number {
  const fd = openUdpSocket(bytes.length)
  if (fd < 0) return fd
  let result = connectSocket(fd, bytes, discardPort)
  if (result === 0) result = boundAddress(fd)
  libc.close(fd)
  return result
}
