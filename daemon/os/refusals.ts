import { getSystemErrorName } from 'node:util'
import { parseAddress } from '../net/address.ts'
import * as libc from './libc.ts'
import { PipePool, spliceBytes } from './pipe-pool.ts'
import { accept, boundPort, connectSocket, listen, openSocket } from './socket.ts'
import { socketAddressBytes } from './socket-address.ts'

/**
 * What a sandbox refuses (seccomp(2), gVisor): each call is made once, before anybody depends on it. Most are made with a
 * descriptor that is none, which the kernel itself answers with EBADF, and a filter with its own error.
 */

const { EBADF, EAFNOSUPPORT, EAGAIN } = libc.errno
const memory = new Uint8Array(64)
const noTime = new Int32Array(4)
const length = Int32Array.of(socketAddressBytes)

/** What the data plane cannot do without: the call, what it gives, and what it gives where nobody refuses it. */
const calls: Readonly<Record<string, readonly [call: () => number, expected: number]>> = {
  socket: [() => libc.socket(-1, 0, 0), -EAFNOSUPPORT],
  bind: [() => libc.bindSocket(-1, memory, socketAddressBytes), -EBADF],
  listen: [() => libc.listenSocket(-1, 1), -EBADF],
  connect: [() => libc.connect(-1, memory, socketAddressBytes), -EBADF],
  accept4: [() => libc.accept4(-1, null, null, 0), -EBADF],
  getsockname: [() => libc.getsockname(-1, memory, length), -EBADF],
  getpeername: [() => libc.getpeername(-1, memory, length), -EBADF],
  getsockopt: [() => libc.getsockopt(-1, 0, 0, memory, length), -EBADF],
  setsockopt: [() => libc.setsockopt(-1, 0, 0, memory, 4), -EBADF],
  recv: [() => libc.recv(-1, memory, 1, 0), -EBADF],
  send: [() => libc.send(-1, memory, 1, 0), -EBADF],
  recvmmsg: [() => libc.recvmmsg(-1, memory, 1, 0, null), -EBADF],
  sendmmsg: [() => libc.sendmmsg(-1, memory, 1, 0), -EBADF],
  shutdown: [() => libc.shutdown(-1, 1), -EBADF],
  epoll_ctl: [() => libc.epollCtl(-1, 1, -1, memory), -EBADF],
  epoll_wait: [() => libc.epollWait(-1, memory, 1, 0), -EBADF],
  ppoll: [() => libc.ppoll(null, 0, noTime, null), 0],
  eventfd: [() => closed(libc.eventfd(0, 0)), 0],
}

/** The first call that is refused here, with the error, such as `recvmmsg: EPERM`. */
export function refusedCall(): string | undefined {
  for (const [name, [call, expected]] of Object.entries(calls)) {
    const result = call()
    if (result !== expected) return `${name}: ${nameOf(result)}`
  }
  return undefined
}

/** Why bytes cannot be spliced from socket to socket here, if they cannot: tried on two of this machine's own. */
export function refusedSplice(): string | undefined {
  const address = parseAddress('127.0.0.1')
  const listener = address === undefined ? -1 : listen(address, 0, 1)
  if (address === undefined || listener < 0) return undefined
  const pool = new PipePool(1, 1)
  const client = openSocket(address.bytes.length)
  connectSocket(client, address.bytes, boundPort(listener))
  const server = accept(listener, memory)
  const pipe = pool.acquire()
  try {
    // Without loopback, or short of descriptors, there is nothing to try it on.
    if (server < 0 || pipe === undefined) return undefined
    libc.send(client, memory, 1, 0)
    const results = [spliceBytes(server, pipe.writeEnd, 1), spliceBytes(pipe.readEnd, server, 1)]
    // The byte may still be on its way.
    const refusal = results.find((result) => result < 0 && result !== -EAGAIN)
    return refusal === undefined ? undefined : `splice: ${nameOf(refusal)}`
  } finally {
    if (pipe !== undefined) pool.release(pipe, false)
    for (const fd of [listener, client, server]) closed(fd)
  }
}

function nameOf(result: number): string {
  return result < 0 ? getSystemErrorName(result) : `${result}`
}

/** 0, or the error that stands for a descriptor. */
function closed(fd: number): number {
  return fd < 0 ? fd : libc.close(fd)
}
