import type { Socket } from 'node:net'
import { parseLiteral } from '../net/address.ts'
import * as libc from './libc.ts'

/** Whose a socket of this machine is, asked of the kernel for one connection (sock_diag(7)): /proc/net/tcp lists all of them. */

const AF_NETLINK = 16
const SOCK_DGRAM = 2
const SOCK_NONBLOCK = 0o4000
const SOCK_CLOEXEC = 0o2000000
const NETLINK_SOCK_DIAG = 4
const SOCK_DIAG_BY_FAMILY = 20
const NLM_F_REQUEST = 1
const IPPROTO_TCP = 6
const AF_INET = 2
const AF_INET6 = 10

/** struct nlmsghdr, and behind it struct inet_diag_req_v2. */
const requestBytes = 16 + 56
/** In struct inet_diag_msg behind the header: idiag_state, idiag_uid. */
const stateAt = 16 + 1
const uidAt = 16 + 64
const TCP_ESTABLISHED = 1

/** The uid of who has the other end of a TCP connection; undefined if that is closed, not on this machine, or not known. */
export function userOfPeer({ remoteAddress, remotePort, localAddress, localPort }: Socket): number | undefined {
  if (!remoteAddress || !remotePort || !localAddress || !localPort) return undefined
  const [from, to] = [parseLiteral(remoteAddress), parseLiteral(localAddress)]
  if (from === undefined || to === undefined) return undefined
  const fd = libc.socket(AF_NETLINK, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_SOCK_DIAG)
  if (fd < 0) return undefined
  const request = Buffer.alloc(requestBytes)
  request.writeUInt32LE(requestBytes, 0)
  request.writeUInt16LE(SOCK_DIAG_BY_FAMILY, 4)
  request.writeUInt16LE(NLM_F_REQUEST, 6)
  request[16] = from.length === 4 ? AF_INET : AF_INET6
  request[17] = IPPROTO_TCP
  request.writeUInt16BE(remotePort, 24)
  request.writeUInt16BE(localPort, 26)
  request.set(from, 28)
  request.set(to, 44)
  // Any cookie (INET_DIAG_NOCOOKIE).
  request.fill(0xff, 64)
  const reply = Buffer.alloc(1024)
  // The kernel has answered when `send` is back.
  const length = libc.send(fd, request, requestBytes, 0) < 0 ? 0 : libc.recv(fd, reply, reply.length, 0)
  libc.close(fd)
  // Of an end that its owner has closed, the kernel may know no user and say root.
  if (length < uidAt + 4 || reply.readUInt16LE(4) !== SOCK_DIAG_BY_FAMILY || reply[stateAt] !== TCP_ESTABLISHED)
    return undefined
  return reply.readUInt32LE(uidAt)
}
