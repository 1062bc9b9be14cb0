import { expect, it, vi } from 'vitest'
import { LateChanges } from '../../daemon/access/late-changes.ts'
import { Operators } from '../../daemon/access/operators.ts'
import { limits } from '../../shared/protocol/limits.ts'
import { FakeOperatorStore } from '../access/fake-operator-store.ts'
import { FakeBackend } from './fake-backend.ts'
import { entered, greeted, type Line, logIn, type RawClient, started } from './raw-client.ts'
import { startControl } from './start-control.ts'

const password = 'a password'
/** Milliseconds to log in beside a machine's other work. */
const patience = 60_000

/** A daemon with the operator ann, an admin, and real work for each change of operators. */
async function withAnn() {
  const store = new FakeOperatorStore()
  const operators = await Operators.load(store, new LateChanges(() => {}))
  const backend = Object.assign(new FakeBackend(), { operators }) as FakeBackend
  const control = await startControl({ backend, limits: { loginTime: patience } })
  const admin = await entered(control)
  await admin.call('operators.add', { name: 'ann', role: 'admin', password })
  const ann = await greeted({ host: '127.0.0.1', port: control.port })
  await started(ann)
  await logIn(ann, password, 'ann')
  return { control, backend, store, admin, ann }
}

function addEve(i: number) {
  return {
    jsonrpc: '2.0',
    id: `eve${i}`,
    method: 'operators.add',
    params: { name: `eve${i}`, role: 'admin', password },
  }
}

const eves = Array.from({ length: limits.inFlight }, (_, i) => addEve(i))

async function names(client: RawClient): Promise<string[]> {
  const { operators } = (await client.call('operators.list')).result
  return operators.map(({ name }: { name: string }) => name)
}

/** All that was sent before has been made or refused once this is. */
async function outcome(client: RawClient): Promise<string[]> {
  await client.call('operators.add', { name: 'zoe', role: 'viewer', password })
  return (await names(client)).filter((name) => name !== 'zoe')
}

it.each([
  ['is removed', 'operators.remove', {}],
  ['has a lower role', 'operators.setRole', { role: 'viewer' }],
  ['has another password', 'operators.setPassword', { password: 'another password' }],
])('makes nothing more of what an operator has asked for who %s', async (_, method, params) => {
  const { admin, ann } = await withAnn()
  ann.send(...eves)
  expect(await ann.next()).toMatchObject({ id: 'eve0', result: {} })
  expect((await admin.call(method, { name: 'ann', ...params })).result).toMatchObject({ ended: 1 })
  const then = await names(admin)
  expect(then.length).toBeLessThan(eves.length / 2)
  expect(await outcome(admin)).toEqual(then)
})

it('makes nothing more for one whose connection is cut', async () => {
  const { admin, ann } = await withAnn()
  ann.send(...eves)
  await ann.next()
  const { sessions } = (await admin.call('sessions.list')).result
  const { id } = sessions.find(({ name }: { name: string }) => name === 'ann')
  expect((await admin.call('sessions.cut', { id })).result).toEqual({ name: 'ann' })
  expect((await outcome(admin)).length).toBeLessThan(eves.length / 2)
})

it('ends sessions as a removal acts, though the disk takes long', async () => {
  const { store, admin, ann } = await withAnn()
  const disk = Promise.withResolvers<void>()
  vi.spyOn(store, 'remove').mockReturnValue(disk.promise)
  const removal = admin.call('operators.remove', { name: 'ann' })
  expect(await ann.rest()).toMatchObject([{ method: 'goodbye' }])
  disk.resolve()
  expect((await removal).result).toEqual({ ended: 1, stored: true })
})

it('refuses what follows on the same connection where somebody removes or demotes themselves', async () => {
  const { admin, ann } = await withAnn()
  const demotion = { jsonrpc: '2.0', id: 1, method: 'operators.setRole', params: { name: 'ann', role: 'operator' } }
  ann.send(demotion, addEve(1))
  expect(await ann.next()).toMatchObject({ id: 1, result: { ended: 0 } })
  expect(await ann.next()).toMatchObject({ id: 'eve1', error: { data: { kind: 'forbidden' } } })
  await admin.call('operators.add', { name: 'joe', role: 'admin', password })
  const joe = await greeted({ host: '127.0.0.1', port: Number(ann.socket.remotePort) })
  await started(joe)
  await logIn(joe, password, 'joe')
  joe.send({ jsonrpc: '2.0', id: 2, method: 'operators.remove', params: { name: 'joe' } }, addEve(2))
  const lines = await joe.rest()
  expect(lines[0]).toMatchObject({ id: 2, result: { ended: 1 } })
  expect(lines.at(-1)).toMatchObject({ method: 'goodbye', params: { reason: 'this operator was removed' } })
  expect(await names(admin)).toEqual(['ann'])
})

it('asks again behind what a change waits for: what other nodes have changed, and a hash', async () => {
  const { control, backend, admin, ann } = await withAnn()
  const fleet = Promise.withResolvers<void>()
  const catchUp = vi.fn(() => fleet.promise)
  control.server.makeBehind(catchUp)
  ann.send(addEve(1))
  await vi.waitFor(() => expect(catchUp).toHaveBeenCalledOnce())
  control.server.dismiss('ann', 'removed')
  control.server.makeBehind(async () => {})
  fleet.resolve()
  expect(await outcome(admin)).toEqual(['ann'])
  expect(backend.audit.entries).toContainEqual(
    expect.objectContaining({
      by: 'ann',
      action: 'operators.add',
      given: { name: 'eve1', role: 'admin' },
      outcome: 'unavailable',
    }),
  )
})

it('makes the changes of one client one after the other, and reads meanwhile', async () => {
  const control = await startControl()
  const client = await entered(control)
  const { users } = control.backend
  const gate = Promise.withResolvers<void>()
  users.gate = gate.promise
  await client.call('users.add', { name: 'bob', password })
  client.request('users.setPassword', { name: 'bob', password }, 'first')
  client.request('users.remove', { name: 'bob' }, 'second')
  client.request('users.list', {}, 'read')
  expect(await client.next()).toMatchObject({ id: 'read', result: { users: [{ name: 'bob' }] } })
  gate.resolve()
  const answers: (Line | undefined)[] = [await client.next(), await client.next()]
  expect(answers.map((line) => line?.id)).toEqual(['first', 'second'])
})
