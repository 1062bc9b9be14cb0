import { expect, it } from 'vitest'
import { Relay } from '../../daemon/engine/linux/relay.ts'
import { clientOf, targetOf } from '../../daemon/engine/linux/sessions.ts'
import { Reason } from '../../daemon/engine/session-table.ts'
import { EPOLLIN, EPOLLOUT } from '../../daemon/os/epoll.ts'
import { recv, send, setsockopt } from '../../daemon/os/libc.ts'
import { MSG_NOSIGNAL } from '../../daemon/os/socket.ts'
import { connection } from '../helpers/connection.ts'
import { makeLoop } from '../helpers/loop.ts'

/** No part of it is like another. */
const chunk = new Uint8Array(Uint16Array.from({ length: 32 * 1024 }, (_, i) => i).buffer)
const nothing = new Uint8Array(0)
const SOL_SOCKET = 1
const SO_SNDBUF = 7

const onLinux = it.skipIf(process.platform !== 'linux')

/** A loop's relay with so many pipes, and what makes a download of it stall. */
function makeRelay(room: { slots: number; pipes: number }) {
  const { context, sessions, pipes, held, pacer } = makeLoop({ ...room, extras: 0 })
  const relay = new Relay(context, pipes, held, pacer)

  /** A download whose client reads nothing, until nothing moves any more. */
  const stall = (source: readonly number[]) => {
    const [client, near, address] = connection(Uint8Array.from(source))
    setsockopt(near, SOL_SOCKET, SO_SNDBUF, Int32Array.of(256 * 1024), 4)
    const slot = sessions.begin(near, address)
    const [origin, target] = connection()
    sessions.fd[targetOf(slot)] = target
    relay.begin(slot, nothing)
    let said = 0
    while (!held.has(targetOf(slot))) {
      for (let sent = 1; sent > 0; said += Math.max(sent, 0))
        sent = send(origin, chunk.subarray(said % chunk.length), chunk.length - (said % chunk.length), MSG_NOSIGNAL)
      relay.onEvent(targetOf(slot), EPOLLIN)
      while (relay.busy) relay.takeTurn()
    }
    return { slot, client, said }
  }
  return { relay, sessions, pipes, held, stall }
}

onLinux('clients that read nothing leave pipes to those of other sources', () => {
  const { sessions, pipes, held, stall } = makeRelay({ slots: 7, pipes: 5 })
  const mine = [127, 0, 0, 2]
  const others = [3, 4, 5].map((last) => [127, 0, 0, last])
  const stalled = [mine, mine, mine, mine, ...others].map(stall)
  expect(pipes.left).toBe(1)

  const waiting = stalled.map(({ slot }) => held.take(targetOf(slot)))
  const kinds = ['pipe', 'pipe', 'pipe', 'memory', 'pipe', 'memory', 'memory']
  expect(waiting.map((what) => what?.kind)).toEqual(kinds)
  for (const what of waiting) {
    if (what?.kind === 'pipe') pipes.release(what.pipe, false)
    else expect(what?.bytes.length).toBeLessThanOrEqual(64 * 1024)
  }
  for (const { slot } of stalled) {
    expect(sessions.fd[clientOf(slot)]).toBeGreaterThan(0)
    sessions.close(slot, Reason.ended)
  }
  expect(held.mayHoldPipe(0)).toBe(true)
})

onLinux('what waits in memory since pipes are few comes whole and in order once its client reads', () => {
  const { relay, sessions, held, stall } = makeRelay({ slots: 1, pipes: 1 })
  const { slot, client, said } = stall([127, 0, 0, 2])
  const heard = Buffer.alloc(said)
  for (let count = 0; count < said; ) {
    const more = recv(client, heard.subarray(count), said - count, 0)
    count += Math.max(more, 0)
    relay.onEvent(clientOf(slot), EPOLLOUT)
    relay.onEvent(targetOf(slot), EPOLLIN)
    while (relay.busy) relay.takeTurn()
  }
  expect(heard.every((byte, at) => byte === chunk[at % chunk.length])).toBe(true)
  expect(held.has(targetOf(slot))).toBe(false)
  sessions.close(slot, Reason.ended)
})
