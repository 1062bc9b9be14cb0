import { expect, test } from 'vitest'
import type { ClosedConnection } from '../../shared/protocol/methods.ts'
import { bytes } from '../helpers/bytes.ts'
import { startDaemon } from '../helpers/daemon.ts'
import { eventually } from '../helpers/eventually.ts'
import { mostTelling } from '../helpers/most-telling.ts'
import { operate, set } from '../helpers/operate.ts'
import { connectPeer } from '../helpers/peer.ts'
import { expectReply, greetingForLogin, login, request, succeeded } from '../helpers/socks-client.ts'
import { startTarget } from '../helpers/target.ts'

test.each(mostTelling)('%s engine: a connection is told of while it lives and when it has ended', async (engine) => {
  const daemon = await startDaemon(['--engine', engine])
  const operator = await operate(daemon)
  await operator.call('users.add', { name: 'bob', password: 'secret' })
  const target = await startTarget()
  const client = await connectPeer('127.0.0.1', daemon.port('socks'))
  client.write(bytes(greetingForLogin, login('bob', 'secret'), request(target.host, target.port)))
  expect(await client.readHex(4)).toBe('05020100')
  await expectReply(client, succeeded)
  client.write('hello')
  expect(await (await target.next()).readText(5)).toBe('hello')

  const [live] = (await operator.call('connections.list')).result.connections
  await set(operator, { 'timeout-idle': 12_345 })
  const { result } = await operator.call('connections.get', { id: live.id })
  expect(result).toMatchObject({ connection: { ...live, state: 'open', up: 5 }, end: null })
  expect(result.limits).toContainEqual({ setting: 'timeout-idle', value: 12_345 })

  // Who is removed is still named: it was their connection.
  expect((await operator.call('users.remove', { name: 'bob' })).result.cut).toBe(1)
  await client.discard()
  const closed: ClosedConnection[] = (await operator.call('connections.closed')).result.connections
  expect(closed).toEqual([{ ...live, user: 'bob', up: 5, ended: expect.any(Number), reason: 'cut' }])
  const { result: after } = await operator.call('connections.get', { id: live.id })
  expect(after).toMatchObject({ connection: { id: live.id, user: 'bob' }, end: { reason: 'cut' }, limits: [] })
  await eventually(async () => {
    const { sample } = (await operator.call('status.get')).result
    expect(sample).toMatchObject({ ended: { cut: 1 }, failed: 0, connected: 1, connections: 0 })
  })
})
