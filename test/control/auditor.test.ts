import { expect, it } from 'vitest'
import type { AuditEntry } from '../../shared/protocol/methods.ts'
import { type MethodShape, methods } from '../../shared/protocol/methods.ts'
import { entered, greeted, logIn, type RawClient, started } from './raw-client.ts'
import { type Control, startControl } from './start-control.ts'

/** Ann, an admin who has come by TCP. */
async function annIn(control: Control, role: 'viewer' | 'admin' = 'admin'): Promise<RawClient> {
  await control.backend.operators.add({ name: 'ann', role, password: 'a password' })
  const ann = await greeted({ host: '127.0.0.1', port: control.port })
  await started(ann)
  await logIn(ann, 'a password', 'ann')
  return ann
}

function newest({ backend }: Control): Omit<AuditEntry, 'id' | 'time' | 'count'> {
  const [{ id, time, count, ...entry }] = backend.audit.entries as [AuditEntry]
  return entry
}

const ann = { by: 'ann', role: 'admin', from: 'tcp 127.0.0.1' }

it('enters who changed what, with what was so before and after, and no secret', async () => {
  const control = await startControl()
  const client = await annIn(control)
  await client.call('users.add', { name: 'bob', password: 'hunter2' })
  expect(newest(control)).toEqual({
    ...ann,
    action: 'users.add',
    given: { name: 'bob' },
    before: {},
    after: { enabled: true },
    outcome: 'ok',
  })
  await client.call('operators.add', { name: 'joe', role: 'viewer', password: 'hunter2-again' })
  await client.call('operators.setRole', { name: 'joe', role: 'operator' })
  expect(newest(control)).toMatchObject({
    given: { name: 'joe', role: 'operator' },
    before: { role: 'viewer' },
    after: { role: 'operator' },
  })
  await client.call('bans.add', { source: '192.0.2.9' })
  expect(newest(control)).toMatchObject({ action: 'bans.add', after: { ban: { source: '192.0.2.9' } } })
  expect(JSON.stringify(control.backend.audit.entries)).not.toContain('hunter2')
})

it('enters what somebody was refused, and who did not get in, by name only if there is such an operator', async () => {
  const control = await startControl()
  const client = await annIn(control, 'viewer')
  await client.call('users.remove', { name: 'bob' })
  expect(newest(control)).toEqual({
    ...ann,
    role: 'viewer',
    action: 'users.remove',
    given: { name: 'bob' },
    outcome: 'forbidden',
  })
  for (const name of ['ann', 'not-a-name-but-a-password']) {
    const guest = await greeted({ host: '127.0.0.1', port: control.port })
    await started(guest)
    await logIn(guest, 'wrong password', name)
  }
  const nobody = { by: null, role: 'anyone', from: 'tcp 127.0.0.1', action: 'login', outcome: 'auth_failed' }
  expect(control.backend.audit.entries.slice(0, 2)).toMatchObject([
    { ...nobody, given: {} },
    { ...nobody, given: { name: 'ann' } },
  ])
})

it('enters no secret of what is refused', async () => {
  const control = await startControl()
  const local = await entered(control)
  const patch = {
    'webhook-url': 'https://hunter2',
    user: ['bob:hunter2'],
    webhookurl: 'hunter2',
    'timeout-idle': 'soon',
  }
  await local.call('config.set', { revision: -1, patch })
  const hidden = '(not shown)'
  expect(newest(control)).toMatchObject({
    given: { patch: { 'webhook-url': hidden, user: hidden, webhookurl: hidden, 'timeout-idle': 'soon' } },
  })
  await local.call('config.set', { revision: 0, patch: 'hunter2' })
  expect(newest(control)).toMatchObject({ given: { patch: hidden } })
  await local.call('users.set', { names: ['bob'], fields: { password: 'hunter2', quota: 5, note: {} } })
  expect(newest(control)).toMatchObject({ given: { names: ['bob'], fields: { password: hidden, quota: 5 } } })
})

it('enters nothing for what only looks, and for a dry run', async () => {
  const control = await startControl()
  const local = await entered(control)
  await local.call('users.list')
  await local.call('rules.add', { rule: 'deny to any', dryRun: true })
  await local.call('config.get')
  expect(control.backend.audit.entries).toEqual([])
})

it('cuts short what is very long', async () => {
  const control = await startControl()
  const local = await entered(control)
  await local.call('connections.kill', { ids: Array(500).fill('x'.repeat(64)) })
  const { given } = newest(control)
  expect(given.ids).toMatch(/^\["x+".*…$/)
  expect(given.ids).toHaveLength(1001)
  expect(control.log.at(-1)).toMatch(/^local \(unix|tcp.*\): connections\.kill ids=/)
})

const shapes: [string, MethodShape][] = Object.entries(methods)

it.each(shapes)('%s is told of just if it changes something, and without secrets', (name, { role, logged, params }) => {
  const onlyLooks =
    /\.(list|get|closed|history|subscribe|unsubscribe|whoami|ping|describe|drop|test)$|^nodes\.users$/.test(name)
  expect(logged !== undefined).toBe(role !== 'anyone' && !onlyLooks)
  expect(logged ?? []).not.toContain('password')
  expect(Object.keys(params.shape)).toEqual(expect.arrayContaining([...(logged ?? [])]))
})

it('tells the log once it is done, by name; what was refused or changes nothing is not there', async () => {
  const control = await startControl()
  const client = await annIn(control)
  const local = await entered(control)
  await client.call('users.add', { name: 'bob', password: 'hunter2' })
  await client.call('users.add', { name: 'bob', password: 'hunter2' })
  await local.call('users.list')
  await local.call('daemon.shutdown')
  expect(control.log).toEqual([
    'management login of ann from 127.0.0.1',
    'ann (tcp, 127.0.0.1): users.add name="bob"',
    'local (unix): daemon.shutdown',
  ])
})

it('pages through the audit, the newest first', async () => {
  const control = await startControl()
  const local = await entered(control)
  for (const name of ['a', 'b', 'c']) await local.call('users.add', { name, password: 'hunter2' })
  const first = (await local.call('audit.list', { limit: 2 })).result
  const second = (await local.call('audit.list', { limit: 2, cursor: first.next })).result
  const names = [...first.entries, ...second.entries].map(({ given }: AuditEntry) => given.name)
  expect(names).toEqual(['c', 'b', 'a'])
  expect(second.next).toBeUndefined()
})

it('lists who is logged in, and ends a connection of theirs', async () => {
  const control = await startControl()
  const client = await annIn(control)
  const local = await entered(control)
  await client.call('metrics.subscribe', {})
  const { sessions } = (await local.call('sessions.list')).result
  expect(sessions).toMatchObject([
    { name: 'ann', role: 'admin', via: 'tcp', address: '127.0.0.1', follows: ['metrics'], own: false },
    { name: 'local', via: 'unix', follows: [], own: true },
  ])
  expect((await local.call('sessions.cut', { id: sessions[0].id })).result).toEqual({ name: 'ann' })
  expect(await client.rest()).toMatchObject([
    { method: 'goodbye', params: { reason: 'local has ended this connection' } },
  ])
  expect((await local.call('sessions.cut', { id: 1_000_000 })).error?.data.kind).toBe('not_found')
  await local.call('sessions.cut', { id: sessions[1].id })
  expect(await local.rest()).toMatchObject([{ method: 'goodbye' }])
})
