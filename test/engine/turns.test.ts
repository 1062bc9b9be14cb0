import { expect, it } from 'vitest'
import { Dispatch } from '../../daemon/engine/linux/dispatch.ts'
import { Relay } from '../../daemon/engine/linux/relay.ts'
import { clientOf, targetOf } from '../../daemon/engine/linux/sessions.ts'
import { Reason } from '../../daemon/engine/session-table.ts'
import { RequestBody } from '../../daemon/http/request-body.ts'
import { EPOLLIN, EPOLLPRI } from '../../daemon/os/epoll.ts'
import { recv, send, setsockopt } from '../../daemon/os/libc.ts'
import { connection } from '../helpers/connection.ts'
import { makeLoop } from '../helpers/loop.ts'

const MSG_OOB = 1
const SOL_SOCKET = 1
const [SO_SNDBUF, SO_RCVBUF] = [7, 8]
/** As much as one read takes. */
const read = 64 * 1024
/** A chunk that does not end. */
const size = Buffer.from('fffffff\r\n')
const much = Buffer.alloc(4 * read, 'm')

it.skipIf(process.platform !== 'linux').each([
  ['what is spliced', '', undefined],
  ['what has an urgent byte in it', '!', undefined],
  ['a body in chunks', '', new RequestBody(undefined)],
])('who says much at once has a turn for all but the first of it: %s', (_, urgent, bound) => {
  const { context, sessions, pipes, held, pacer } = makeLoop({ slots: 1, extras: 0, pipes: 2 })
  const relay = new Relay(context, pipes, held, pacer)
  const [client, near, address] = connection()
  const [origin, target] = connection()
  for (const fd of [near, origin]) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, Int32Array.of(4 * read), 4)
  for (const fd of [client, target]) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, Int32Array.of(4 * read), 4)
  const slot = sessions.begin(near, address)
  sessions.fd[targetOf(slot)] = target
  if (bound) context.bounds.set(slot, bound)
  relay.begin(slot, Buffer.alloc(0))

  send(client, size, size.length, 0)
  relay.onEvent(clientOf(slot), EPOLLIN)
  if (urgent) send(client, Buffer.from(urgent), 1, MSG_OOB)
  if (urgent) relay.onEvent(clientOf(slot), EPOLLIN | EPOLLPRI)
  const before = sessions.table.up[slot] as number
  send(client, much, much.length, 0)
  relay.onEvent(clientOf(slot), EPOLLIN)
  expect((sessions.table.up[slot] as number) - before).toBe(read)
  expect(relay.busy).toBe(true)

  const heard = Buffer.alloc(much.length)
  for (let turns = 0; turns < 100 && relay.busy; turns++) {
    while (recv(origin, heard, heard.length, 0) > 0);
    relay.takeTurn()
  }
  expect((sessions.table.up[slot] as number) - before).toBeGreaterThan(read)
  sessions.close(slot, Reason.ended)
})

it.skipIf(process.platform !== 'linux')('who talked, and sends in bulk by now, does not go first', () => {
  const { context, sessions, pipes, held, pacer } = makeLoop({ slots: 1, extras: 0, pipes: 2 })
  const relay = new Relay(context, pipes, held, pacer)
  const stages = { negotiator: relay, dialer: relay, binder: relay, associator: relay, relay, refusals: relay }
  const dispatch = new Dispatch(sessions, stages as unknown as ConstructorParameters<typeof Dispatch>[1], context)
  const [client, near, address] = connection()
  const [, target] = connection()
  const slot = sessions.begin(near, address)
  sessions.fd[targetOf(slot)] = target
  relay.begin(slot, Buffer.alloc(0))
  const goesFirst = (said: Uint8Array) => {
    send(client, said, said.length, 0)
    relay.onEvent(clientOf(slot), EPOLLIN)
    return dispatch.isTalk(clientOf(slot))
  }
  expect([size, size, much].map(goesFirst)).toEqual([false, true, false])
  sessions.close(slot, Reason.ended)
})
