import { describe, expect, it, onTestFinished } from 'vitest'
import { Dialer } from '../../daemon/engine/linux/dialer.ts'
import { Extras } from '../../daemon/engine/linux/extras.ts'
import { Names } from '../../daemon/engine/linux/names.ts'
import { Refusals } from '../../daemon/engine/linux/refusals.ts'
import { Relay } from '../../daemon/engine/linux/relay.ts'
import { Replies } from '../../daemon/engine/linux/replies.ts'
import { Sessions, targetOf } from '../../daemon/engine/linux/sessions.ts'
import { sharedCountMemory, sharedCountsIn } from '../../daemon/engine/linux/shared-counts.ts'
import { TimerWheel } from '../../daemon/engine/linux/timer-wheel.ts'
import { Reason, SessionTable, State } from '../../daemon/engine/session-table.ts'
import { EPOLLERR, EPOLLHUP, EPOLLOUT, Epoll } from '../../daemon/os/epoll.ts'
import { close } from '../../daemon/os/libc.ts'
import { PipePool } from '../../daemon/os/pipe-pool.ts'
import { accept, boundPort, listen } from '../../daemon/os/socket.ts'
import { socketAddressBytes } from '../../daemon/os/socket-address.ts'
import { Rules } from '../../daemon/policy/rules.ts'
import { Command } from '../../daemon/socks/messages.ts'
import { startBlackHole } from '../helpers/black-hole.ts'
import { openPolicy, patience } from '../helpers/engine.ts'
import { connectPeer } from '../helpers/peer.ts'

const loopback = Uint8Array.of(127, 0, 0, 1)
const slots = 4

/** A dialler by itself, with room for so many attempts beside the first, whose clock is the test's. */
function makeDialer(room: number) {
  const clock = { now: 0 }
  const [epoll, wheel, pipes] = [new Epoll(8), new TimerWheel(slots, 0), new PipePool(1, 1)]
  const { liveSessions, extras: count } = sharedCountsIn(sharedCountMemory())
  const fd = new Int32Array(2 * slots)
  const own = { fd, clock, wheel, pipes, extras: new Extras(epoll, { count, most: room }) }
  const sessions = new Sessions(new SessionTable(slots), own, liveSessions, { first: 1, step: 1 })
  const replies = new Replies(sessions)
  const post = () => {}
  const context = {
    ...{ sessions, epoll, clock, replies, post, timeouts: patience, policy: openPolicy },
    names: new Names(sessions, clock, post),
    refusals: new Refusals(sessions, replies),
    liveness: { keepalive: 0, userTimeout: 0 },
    rules: new Rules([], () => false),
  }
  const dialer = new Dialer(context, new Relay(context, pipes))
  onTestFinished(() => epoll.close())
  return { clock, sessions, dialer, count }
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
