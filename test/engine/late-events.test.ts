import { describe, expect, it } from 'vitest'
import { Dialer } from '../../daemon/engine/linux/dialer.ts'
import { Relay } from '../../daemon/engine/linux/relay.ts'
import { type Sessions, targetOf } from '../../daemon/engine/linux/sessions.ts'
import { Reason, State } from '../../daemon/engine/session-table.ts'
import { EPOLLERR, EPOLLHUP, EPOLLOUT } from '../../daemon/os/epoll.ts'
import { close } from '../../daemon/os/libc.ts'
import { accept, boundPort, listen } from '../../daemon/os/socket.ts'
import { socketAddressBytes } from '../../daemon/os/socket-address.ts'
import { Command } from '../../daemon/socks/messages.ts'
import { startBlackHole } from '../helpers/black-hole.ts'
import { patience } from '../helpers/engine.ts'
import { makeLoop } from '../helpers/loop.ts'
import { connectPeer } from '../helpers/peer.ts'

const loopback = Uint8Array.of(127, 0, 0, 1)
const slots = 4

/** A dialler by itself, with room for so many attempts beside the first. */
function makeDialer(room: number) {
  const { context, clock, sessions, pipes, held, pacer, extras } = makeLoop({ slots, extras: room, pipes: 1 })
  const dialer = new Dialer(context, new Relay(context, pipes, held, pacer))
  return { clock, sessions, count: extras, dialer }
}

/** A client, and the slot of its session. */
async function connectClient(sessions: Sessions) {
  const listener = listen({ bytes: loopback, scope: 0 }, 0, 1)
  const client = await connectPeer('127.0.0.1', boundPort(listener))
  const from = new Uint8Array(socketAddressBytes)
  const slot = sessions.begin(accept(listener, from), from)
  close(listener)
  return { client, slot }
}

describe.skipIf(process.platform !== 'linux')('an event of an attempt that was given up', () => {
  it.each([
    ['another has taken its place', 0, 'its success', EPOLLOUT],
    ['others go on beside', 3, 'its success', EPOLLOUT],
    ['others go on beside', 3, 'its failure', EPOLLOUT | EPOLLERR | EPOLLHUP],
  ])('means nothing where %s (room for %i): %s', async (_, room, __, events) => {
    const port = await startBlackHole('127.0.0.1')
    const { clock, sessions, dialer, count } = makeDialer(room)
    const { client, slot } = await connectClient(sessions)
    dialer.begin(slot, { kind: 'name', name: 'many.test', port }, new Uint8Array(0))
    sessions.table.command[slot] = Command.connect
    dialer.onName(slot, 'many.test', Array(room + 3).fill({ bytes: loopback, scope: 0 }))
    const target = () => sessions.fd[targetOf(slot)] as number
    const first = boundPort(target())
    const underWay = () => count.value + (target() < 0 ? 0 : 1)
    // Attempts begin as long as there is room, and then the first one is given up.
    for (let i = 0; i < 8 && target() >= 0 && boundPort(target()) === first; i++) {
      clock.now += patience.connect / 10
      dialer.onDeadline(slot)
    }
    const before = underWay()
    expect(before).toBeGreaterThan(0)
    dialer.onEvent(targetOf(slot), events)
    expect(sessions.table.state[slot]).toBe(State.connecting)
    expect(underWay()).toBe(before)
    sessions.close(slot, Reason.ended)
    expect((await client.readToEnd()).length).toBe(0)
  })
})
