import { describe, expect, it, onTestFinished } from 'vitest'
import { Associations } from '../../daemon/engine/linux/association.ts'
import { Dialer } from '../../daemon/engine/linux/dialer.ts'
import { Extras } from '../../daemon/engine/linux/extras.ts'
import { Farewell } from '../../daemon/engine/linux/farewell.ts'
import { Names } from '../../daemon/engine/linux/names.ts'
import { Relay } from '../../daemon/engine/linux/relay.ts'
import { Sessions } from '../../daemon/engine/linux/sessions.ts'
import { TimerWheel } from '../../daemon/engine/linux/timer-wheel.ts'
import { Reason, SessionTable, State } from '../../daemon/engine/session-table.ts'
import { AssociationShares } from '../../daemon/engine/shared/association-shares.ts'
import { RelayPorts } from '../../daemon/engine/shared/relay-ports.ts'
import { EPOLLERR, EPOLLHUP, EPOLLOUT, Epoll } from '../../daemon/os/epoll.ts'
import { close, errno } from '../../daemon/os/libc.ts'
import { PipePool } from '../../daemon/os/pipe-pool.ts'
import { accept, boundPort, listen } from '../../daemon/os/socket.ts'
import { startBlackHole } from '../helpers/black-hole.ts'
import { patience } from '../helpers/engine.ts'
import { connectPeer } from '../helpers/peer.ts'

const loopback = Uint8Array.of(127, 0, 0, 1)
const slots = 4

/** A dialler by itself, with room for so many attempts beside the first, whose clock is the test's. */
function makeDialer(room: number) {
  const clock = { now: 0, wall: 0 }
  const [epoll, wheel, pipes] = [new Epoll(8), new TimerWheel(slots, 0), new PipePool(1, 1)]
  const extras = new Extras(epoll, { count: new Int32Array(1), most: room })
  const relayPorts = new RelayPorts(new SharedArrayBuffer(RelayPorts.bytes), () => false)
  const associations = new Associations(new AssociationShares(1), relayPorts)
  const own = { clock, wheel, pipes, extras, associations }
  const sessions = new Sessions(new SessionTable(slots), own, new Int32Array(3), { first: 1, step: 1 })
  const relay = new Relay(sessions, wheel, pipes, patience, clock)
  const farewell = new Farewell(sessions, wheel, clock)
  const names = new Names(sessions, clock, () => {})
  const dialer = new Dialer({ sessions, epoll, wheel, clock, relay, farewell, names }, patience)
  onTestFinished(() => epoll.close())
  return { clock, sessions, dialer }
}

/** A client, and the slot of its session. */
async function connectClient(sessions: Sessions) {
  const listener = listen({ bytes: loopback, scope: 0 }, 0, 1)
  const client = await connectPeer('127.0.0.1', boundPort(listener))
  const slot = sessions.begin(accept(listener))
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
    const { clock, sessions, dialer } = makeDialer(room)
    const { client, slot } = await connectClient(sessions)
    dialer.begin(slot, { kind: 'name', name: 'many.test', port }, new Uint8Array(0))
    dialer.resolved(slot, Array(room + 3).fill({ bytes: loopback, scope: 0 }))
    const dial = sessions.dials.get(slot)
    // Attempts begin as long as there is room, and then the first one is given up.
    for (let i = 0; i < 8 && dial?.error !== errno.ETIMEDOUT; i++) {
      clock.now += patience.connect / 10
      dialer.onDeadline(slot)
    }
    const underWay = dial?.underWay
    expect(underWay).toBeGreaterThan(0)
    dialer.onTargetEvent(slot, events)
    expect(sessions.table.state[slot]).toBe(State.connecting)
    expect(dial?.underWay).toBe(underWay)
    sessions.close(slot, Reason.ended)
    expect((await client.readToEnd()).length).toBe(0)
  })
})
