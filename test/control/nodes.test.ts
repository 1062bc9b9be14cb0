import { expect, it, onTestFinished } from 'vitest'
import { answerTo, fleetAdministration } from '../../daemon/fleet/administration.ts'
import { Nodes } from '../../daemon/fleet/nodes.ts'
import { Orders } from '../../daemon/fleet/orders.ts'
import type { StoredNode } from '../../daemon/store/store.ts'
import { type Method, methods } from '../../shared/protocol/methods.ts'
import { examples } from '../docs/examples.ts'
import { FakeFleet } from '../fleet/fake-fleet.ts'
import { connectionOf } from './fake-backend.ts'
import { entered } from './raw-client.ts'
import { type Control, startControl } from './start-control.ts'

const told: Omit<StoredNode, 'name'> = {
  ...{ version: '1.2.3', started: 1, socks: ['127.0.0.1:1080'], control: ['127.0.0.1:8080'] },
  ...{ state: 'serves', connections: 1, up: 2, down: 3, cpu: 0.5 },
}

/** A daemon's management as a node of that name; `answers`: whether it does what others want. */
async function join(fleet: FakeFleet, node: string, answers = true): Promise<Control> {
  const control = await startControl()
  const store = fleet.as(node)
  const orders = new Orders({
    ...{ store, warn: () => {}, isUp: () => true, period: 5, answerPeriod: 2, patience: answers ? 5_000 : 50 },
    carryOut: (order) => answerTo(order, control.server),
  })
  if (answers) orders.start()
  onTestFinished(() => orders.stop())
  control.backend.fleet = fleetAdministration(node, new Nodes({ store, warn: () => {} }), orders)
  await store.beat({ ...told, name: node })
  return control
}

it('lists the nodes in pages, by any one of them', async () => {
  const fleet = new FakeFleet()
  const client = await entered(await join(fleet, 'b'))
  for (const name of ['a', 'c']) await fleet.as(name).beat({ ...told, name })
  const { result } = await client.call('nodes.list', { limit: 2 })
  expect(methods['nodes.list'].result.parse(result)).toEqual(result)
  expect(result).toMatchObject({ node: 'b', nodes: [{ name: 'a', state: 'serves', age: 0 }, { name: 'b' }], next: 'b' })
  const rest = await client.call('nodes.list', { cursor: 'b' })
  expect(rest.result.nodes).toMatchObject([{ name: 'c' }])
  fleet.now += 20_000
  expect((await client.call('nodes.forget', { name: 'c' })).result).toEqual({})
  expect((await client.call('nodes.forget', { name: 'c' })).error?.data.kind).toBe('not_found')
})

it('cuts a user on all nodes, counts their connections, and enters it on each with who asked for it where', async () => {
  const fleet = new FakeFleet()
  const [a, b] = [await join(fleet, 'a'), await join(fleet, 'b')]
  for (const { backend } of [a, b]) await backend.users.add('bob')
  const client = await entered(a)
  expect((await client.call('users.cut', { name: 'bob' })).result).toEqual({ cut: 6 })
  const entry = { by: 'local', role: 'admin', action: 'users.cut', given: { name: 'bob' }, outcome: 'ok' }
  expect(a.backend.audit.entries[0]).toMatchObject({ ...entry, from: 'unix' })
  expect(b.backend.audit.entries).toMatchObject([{ ...entry, from: 'node a' }])
  expect(b.log).toContain('local (node a): users.cut name="bob"')
  // Whom the other node does not know, it has nothing to cut of.
  await a.backend.users.add('ann')
  expect((await client.call('users.cut', { name: 'ann' })).result).toEqual({ cut: 3 })
})

it('kills, drains and undrains where it is asked to, and hands on what is refused there', async () => {
  const fleet = new FakeFleet()
  const [a, b] = [await join(fleet, 'a'), await join(fleet, 'b')]
  b.backend.connections.rows = [connectionOf(1)]
  const client = await entered(a)
  expect((await client.call('connections.kill', { ids: ['c1', 'c2'], node: 'b' })).result).toEqual({
    killed: ['c1'],
    missing: ['c2'],
  })
  expect((await client.call('nodes.drain', { name: 'b' })).result).toEqual({})
  expect([a.backend.lifecycle.ending, b.backend.lifecycle.ending]).toEqual([undefined, 'drain'])
  expect((await client.call('nodes.drain', { name: 'b' })).error?.data.kind).toBe('draining')
  expect((await client.call('nodes.undrain', { name: 'b' })).result).toEqual({})
  expect((await client.call('nodes.undrain', { name: 'b' })).error?.data.kind).toBe('conflict')
  expect((await client.call('nodes.drain', { name: 'a' })).result).toEqual({})
  expect(a.backend.lifecycle.ending).toBe('drain')
  expect((await client.call('nodes.drain', { name: 'c' })).error?.data.kind).toBe('not_found')
  await fleet.as('d').beat({ ...told, name: 'd', state: 'ended' })
  expect((await client.call('nodes.drain', { name: 'd' })).error?.message).toBe('node d has ended')
  expect((await client.call('connections.kill', { ids: ['c1'], node: 'c' })).error?.data.kind).toBe('not_found')
})

it('tells which node has not answered', async () => {
  const fleet = new FakeFleet()
  const a = await join(fleet, 'a', false)
  await fleet.as('b').beat({ ...told, name: 'b' })
  await a.backend.users.add('bob')
  const client = await entered(a)
  expect((await client.call('users.cut', { name: 'bob' })).result).toEqual({ cut: 3, silent: ['b'] })
  expect((await client.call('nodes.users')).result).toEqual({ users: [], silent: ['b'] })
  expect((await client.call('nodes.drain', { name: 'b' })).error?.message).toMatch(/b has not answered/)
})

it.each<[string, object]>([
  ['no number', { cut: '7', users: 7 }],
  ['a number that there is not', { cut: -1, users: [{ name: 'bob', connections: 1 }] }],
])('takes %s as an answer for none', async (_, result) => {
  const fleet = new FakeFleet()
  const a = await join(fleet, 'a')
  const b = fleet.as('b')
  await b.beat({ ...told, name: 'b' })
  const orders = new Orders({
    store: b,
    warn: () => {},
    isUp: () => true,
    period: 5,
    carryOut: async () => ({ result }),
  })
  orders.start()
  onTestFinished(() => orders.stop())
  await a.backend.users.add('bob')
  const client = await entered(a)
  expect((await client.call('users.cut', { name: 'bob' })).result).toEqual({ cut: 3, silent: ['b'] })
  expect((await client.call('nodes.users')).result).toEqual({ users: [], silent: ['b'] })
  const { error } = await client.call('connections.kill', { ids: ['c1'], node: 'b' })
  expect(error?.data.kind).toBe('unavailable')
})

it('does nothing for another node that nodes do not do for each other, nor what its operator may not', async () => {
  const { server, backend } = await startControl()
  const order = { from: 'b', by: 'ann', params: {} }
  await expect(server.carryOut({ ...order, role: 'admin', method: 'daemon.shutdown' })).rejects.toMatchObject({
    kind: 'method_not_found',
  })
  await expect(server.carryOut({ ...order, role: 'viewer', method: 'daemon.drain' })).rejects.toMatchObject({
    kind: 'forbidden',
  })
  expect(backend.lifecycle.ending).toBeUndefined()
  expect(backend.audit.entries).toMatchObject([{ by: 'ann', from: 'node b', outcome: 'forbidden' }])
})

it('says that there is none where there is none', async () => {
  const client = await entered(await startControl())
  for (const method of Object.keys(methods).filter((name) => name.startsWith('nodes.')) as Method[]) {
    const { error } = await client.call(method, examples[method].params)
    expect([method, error?.data.kind, error?.message]).toEqual([
      method,
      'conflict',
      expect.stringMatching(/in no fleet/),
    ])
  }
})
