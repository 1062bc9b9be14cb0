import { expect, it } from 'vitest'
import { Relay } from '../../daemon/engine/linux/relay.ts'
import { clientOf, targetOf } from '../../daemon/engine/linux/sessions.ts'
import { Reason } from '../../daemon/engine/session-table.ts'
import { EPOLLIN } from '../../daemon/os/epoll.ts'
import { bindSocket, close, send, setsockopt } from '../../daemon/os/libc.ts'
import { accept, boundPort, connectSocket, listen, MSG_NOSIGNAL, openSocket } from '../../daemon/os/socket.ts'
import { encodeSocketAddress, socketAddressBytes } from '../../daemon/os/socket-address.ts'
import { makeLoop } from '../helpers/loop.ts'

const loopback = Uint8Array.of(127, 0, 0, 1)
const chunk = new Uint8Array(64 * 1024)
const nothing = new Uint8Array(0)
const SOL_SOCKET = 1
const SO_SNDBUF = 7

/** Both ends of a connection from an address of this machine, and the socket address of the first. */
function connection(from: Uint8Array): [far: number, near: number, address: Uint8Array] {
  const listener = listen({ bytes: loopback, scope: 0 }, 0, 1)
  const address = new Uint8Array(socketAddressBytes)
  const far = openSocket(4)
  bindSocket(far, address, encodeSocketAddress(address, from, 0))
  connectSocket(far, loopback, boundPort(listener))
  const near = accept(listener, address)
  close(listener)
  return [far, near, address]
}

it.skipIf(process.platform !== 'linux')('clients that read nothing leave pipes to those of other sources', () => {
  const { context, sessions, pipes, held, pacer } = makeLoop({ slots: 5, extras: 0, pipes: 4 })
  const relay = new Relay(context, pipes, held, pacer)

  /** A download whose client reads nothing, until nothing moves any more; returns where what waits for it is. */
  const stall = (source: Uint8Array) => {
    const [client, near, address] = connection(source)
    setsockopt(near, SOL_SOCKET, SO_SNDBUF, Int32Array.of(256 * 1024), 4)
    const slot = sessions.begin(near, address)
    const [origin, target] = connection(loopback)
    sessions.fd[targetOf(slot)] = target
    relay.begin(slot, nothing)
    while (!held.has(targetOf(slot))) {
      while (send(origin, chunk, chunk.length, MSG_NOSIGNAL) > 0);
      relay.onEvent(targetOf(slot), EPOLLIN)
      while (relay.busy) relay.takeTurn()
    }
    return { slot, far: [client, origin] }
  }
  const mine = [127, 0, 0, 2]
  const stalled = [mine, mine, mine, mine, [127, 0, 0, 3]].map((source) => stall(Uint8Array.from(source)))

  const waiting = stalled.map(({ slot }) => held.take(targetOf(slot)))
  expect(waiting.map((what) => what?.kind)).toEqual(['pipe', 'pipe', 'pipe', 'memory', 'pipe'])
  for (const what of waiting) if (what?.kind === 'pipe') pipes.release(what.pipe, false)
  for (const { slot, far } of stalled) {
    expect(sessions.fd[clientOf(slot)]).toBeGreaterThan(0)
    sessions.close(slot, Reason.ended)
    for (const fd of far) close(fd)
  }
  expect(held.mayHoldPipe(0)).toBe(true)
})
