import type { Address } from '../net/address.ts'
import * as libc from './libc.ts'
import { AF_INET, AF_INET6, addressOf, encodeSocketAddress, portOf, socketAddressBytes } from './socket-address.ts'

/** Sockets, non-blocking and closed on exec; TCP's, and what UDP's (`udp.ts`) have in common with them. Results are 0 or more, or a negated errno. */

const SOCK_STREAM = 1
const SOCK_DGRAM = 2
const SOCK_NONBLOCK = 0o4000
const SOCK_CLOEXEC = 0o2000000
const IPPROTO_IP = 0
const IPPROTO_TCP = 6
const IPPROTO_IPV6 = 41
const SOL_SOCKET = 1
const SO_REUSEADDR = 2
const SO_TYPE = 3
const SO_ERROR = 4
const SO_KEEPALIVE = 9
const SO_OOBINLINE = 10
const SO_LINGER = 13
const SO_REUSEPORT = 15
const SO_ACCEPTCONN = 30
const TCP_NODELAY = 1
const TCP_KEEPIDLE = 4
const TCP_KEEPINTVL = 5
const TCP_KEEPCNT = 6
const TCP_USER_TIMEOUT = 18
const IP_BIND_ADDRESS_NO_PORT = 24
const IPV6_V6ONLY = 26
const SHUT_WR = 1

/** Times that the other end is asked whether it lives. */
const keepaliveProbes = 10

export const MSG_NOSIGNAL = 0x4000
/** More follows at once: a packet that is not full waits for it. */
export const MSG_MORE = 0x8000
export const MSG_PEEK = 2
/** Of TCP: drop the bytes in the kernel, copy nothing (tcp(7)). */
export const MSG_TRUNC = 0x20

// One of each serves every call: a call is over before the next begins.
const { bytes: address, at: addressAt } = libc.lend(socketAddressBytes)
const { bytes: lengthBytes, at: lengthAt } = libc.lend(4)
const addressLength = new Int32Array(lengthBytes.buffer)
const option = new Int32Array(1)
const optionLength = new Int32Array(1)
const one = Int32Array.of(1)
/** struct linger: on, for 0 seconds. */
const lingerNone = Int32Array.of(1, 0)
const exhausted = new Set<number>([libc.errno.EMFILE, libc.errno.ENFILE, libc.errno.ENOBUFS, libc.errno.ENOMEM])

/** Open a TCP socket of the family whose addresses have so many bytes. */
export function openSocket(addressBytes: number): number {
  return libc.socket(familyOf(addressBytes), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP)
}

/** Open a UDP socket of the family whose addresses have so many bytes, IPv6 without IPv4. */
export function openUdpSocket(addressBytes: number): number {
  const fd = libc.socket(familyOf(addressBytes), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)
  if (fd >= 0) keepApart(fd, addressBytes)
  return fd
}

function familyOf(addressBytes: number): number {
  return addressBytes === 4 ? AF_INET : AF_INET6
}

/** An IPv6 socket takes nothing that comes over IPv4. */
function keepApart(fd: number, addressBytes: number): void {
  if (addressBytes === 16) libc.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, one, 4)
}

/** Begin to connect, `scope` being the interface of a link-local address; -EINPROGRESS is the usual answer. */
export function connectSocket(fd: number, bytes: Uint8Array, port: number, scope = 0): number {
  return libc.connect(fd, addressAt, encodeSocketAddress(address, bytes, port, scope))
}

/**
 * Have a socket connect from this address of the machine. Its port is found only when it connects, so that each
 * destination may have all of them (ip(7); for IPv6, too).
 */
export function leaveFrom(fd: number, { bytes, scope }: Address): number {
  setOption(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
  return libc.bindSocket(fd, addressAt, encodeSocketAddress(address, bytes, 0, scope))
}

/** Take one waiting client, whose address goes into the `socketAddressBytes` of `from`. */
export function accept(fd: number, from: libc.Memory): number {
  addressLength[0] = socketAddressBytes
  return libc.accept4(fd, from, lengthAt, SOCK_NONBLOCK | SOCK_CLOEXEC)
}

/**
 * What accept4(2) says when the process or the machine has no room, as a positive errno; anything else concerns one
 * client only.
 */
export function isExhausted(error: number): boolean {
  return exhausted.has(error)
}

/** Put a socket's own address into the `socketAddressBytes` of `own`. */
export function boundAddress(fd: number, own: libc.Memory): number {
  addressLength[0] = socketAddressBytes
  return libc.getsockname(fd, own, lengthAt)
}

/** Put the address that a socket is connected to into the `socketAddressBytes` of `peer`. */
export function peerAddress(fd: number, peer: libc.Memory): number {
  addressLength[0] = socketAddressBytes
  return libc.getpeername(fd, peer, lengthAt)
}

/** The error that a connect ended with, as a positive errno, or 0; reading it clears it. */
export function pendingError(fd: number): number {
  optionLength[0] = 4
  const result = libc.getsockopt(fd, SOL_SOCKET, SO_ERROR, option, optionLength)
  return result < 0 ? -result : option[0]
}

/** Send small writes at once (Nagle's algorithm off). Sockets inherit it from the listening one. */
export function setNoDelay(fd: number): void {
  libc.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, one, 4)
}

/**
 * Have the kernel see to it that the other end still lives (tcp(7)): after `keepalive` seconds of silence, 0 for never, it
 * is asked ten times within as long again, and sent bytes may wait `userTimeout` milliseconds for their acknowledgement,
 * 0 for the system's own time. Sockets inherit both from the listening one.
 */
export function setLiveness(fd: number, keepalive: number, userTimeout: number): void {
  setOption(fd, SOL_SOCKET, SO_KEEPALIVE, Math.sign(keepalive))
  setOption(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, userTimeout)
  if (keepalive === 0) return
  setOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, keepalive)
  setOption(fd, IPPROTO_TCP, TCP_KEEPINTVL, Math.max(1, Math.round(keepalive / keepaliveProbes)))
  setOption(fd, IPPROTO_TCP, TCP_KEEPCNT, keepaliveProbes)
}

/** Have urgent bytes read where they are in the stream (RFC 6093, section 3.4). Sockets inherit it from the listening one. */
export function keepUrgentInStream(fd: number): void {
  libc.setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, one, 4)
}

function setOption(fd: number, level: number, name: number, value: number): void {
  option[0] = value
  libc.setsockopt(fd, level, name, option, 4)
}

/** Tell the peer that no more bytes follow. */
export function finish(fd: number): number {
  return libc.shutdown(fd, SHUT_WR)
}

/** Make the coming close an RST instead of a FIN. */
export function resetOnClose(fd: number): void {
  libc.setsockopt(fd, SOL_SOCKET, SO_LINGER, lingerNone, 8)
}

/** Let other sockets of this user listen on the same port; the kernel spreads clients over them. */
export function sharePort(fd: number): void {
  setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1)
}

/** What is done with a socket before it listens: once it is open, and once it has its port. */
export interface Preparations {
  readonly opened?: (fd: number) => void
  readonly bound?: (fd: number) => void
}

/** Open a listening socket, IPv6 without IPv4. Returns the descriptor. */
export function listen(at: Address, port: number, backlog: number, { opened, bound }: Preparations = {}): number {
  const fd = openSocket(at.bytes.length)
  if (fd < 0) return fd
  libc.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, one, 4)
  keepApart(fd, at.bytes.length)
  opened?.(fd)
  let result = libc.bindSocket(fd, address, encodeSocketAddress(address, at.bytes, port, at.scope))
  if (result === 0) {
    bound?.(fd)
    result = keepListening(fd, backlog)
  }
  if (result === 0) return fd
  libc.close(fd)
  return result
}

/** Have a bound socket listen, or go on listening, as the sockets of loops do: what clients' sockets inherit is set. */
export function keepListening(fd: number, backlog: number): number {
  setNoDelay(fd)
  keepUrgentInStream(fd)
  return libc.listenSocket(fd, backlog)
}

/**
 * Makes what another program has opened a socket like those of this one. Returns where it listens; undefined if it is no TCP
 * socket that does.
 */
export function adoptListening(fd: number): { readonly address: Address; readonly port: number } | undefined {
  if (optionOf(fd, SOL_SOCKET, SO_ACCEPTCONN) !== 1 || optionOf(fd, SOL_SOCKET, SO_TYPE) !== SOCK_STREAM)
    return undefined
  if (boundAddress(fd, address) < 0 || (address[0] !== AF_INET && address[0] !== AF_INET6)) return undefined
  libc.setOwnFlags(fd)
  return { address: addressOf(address), port: portOf(address) }
}

/** Undefined if it has none. */
function optionOf(fd: number, level: number, name: number): number | undefined {
  optionLength[0] = 4
  return libc.getsockopt(fd, level, name, option, optionLength) < 0 ? undefined : option[0]
}

/** The port a socket is bound to. */
export function boundPort(fd: number): number {
  boundAddress(fd, address)
  return portOf(address)
}
