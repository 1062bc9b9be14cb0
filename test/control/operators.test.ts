import { expect, it } from 'vitest'
import type { Operator } from '../../shared/protocol/methods.ts'
import { beginClient } from '../../shared/protocol/scram.ts'
import { cookieOf, entered, greeted, logIn, type RawClient, started } from './raw-client.ts'
import { type Control, startControl } from './start-control.ts'

const password = 'a password'

async function stranger({ port }: Control): Promise<RawClient> {
  const client = await greeted({ host: '127.0.0.1', port })
  await started(client)
  return client
}

/** A management connection of a named operator. */
async function sessionOf(control: Control, name: string, secret = password): Promise<RawClient> {
  const client = await stranger(control)
  const { error } = await logIn(client, secret, name)
  if (error) throw new Error(error.message)
  return client
}

function add(admin: RawClient, name: string, role: Operator['role']) {
  return admin.call('operators.add', { name, role, password })
}

async function sessions(admin: RawClient): Promise<Record<string, number>> {
  const { operators } = (await admin.call('operators.list')).result
  return Object.fromEntries(operators.map((operator: Operator) => [operator.name, operator.sessions]))
}

/** The line that ends a connection, after which there is none. */
async function goodbye(client: RawClient): Promise<string> {
  const lines = await client.rest()
  expect(lines).toMatchObject([{ method: 'goodbye' }])
  return lines[0]?.params.reason
}

it('lets in whom an admin adds, at once, and tells of their sessions', async () => {
  const control = await startControl()
  const admin = await entered(control)
  expect((await add(admin, 'bob', 'viewer')).result).toEqual({})
  await add(admin, 'ann', 'operator')
  const bob = await sessionOf(control, 'bob')
  expect((await bob.call('session.whoami')).result).toEqual({ name: 'bob', role: 'viewer', via: 'tcp' })
  expect(control.log).toContain('management login of bob from 127.0.0.1')
  expect((await admin.call('operators.list')).result.operators).toEqual([
    { name: 'ann', role: 'operator', created: expect.any(Number), sessions: 0 },
    { name: 'bob', role: 'viewer', created: expect.any(Number), sessions: 1 },
  ])
})

it('refuses what is taken, what is not there, and what cannot be a name or a password', async () => {
  const admin = await entered(await startControl())
  await add(admin, 'ann', 'viewer')
  const kindOf = async (method: string, params: object) => (await admin.call(method, params)).error?.data.kind
  expect(await kindOf('operators.add', { name: 'ann', role: 'admin', password })).toBe('exists')
  expect(await kindOf('operators.remove', { name: 'bob' })).toBe('not_found')
  expect(await kindOf('operators.setPassword', { name: 'bob', password })).toBe('not_found')
  expect(await kindOf('operators.setRole', { name: 'bob', role: 'admin' })).toBe('not_found')
  for (const name of ['', '__cookie__', '-x', 'a b', 'a,b', 'a\n', 'x'.repeat(65)]) {
    expect(await kindOf('operators.add', { name, role: 'admin', password })).toBe('invalid_params')
  }
  expect(await kindOf('operators.add', { name: 'bob', role: 'anyone', password })).toBe('invalid_params')
  expect(await kindOf('operators.add', { name: 'bob', role: 'admin', password: 'seven77' })).toBe('invalid_params')
})

it('ends the sessions of one who is removed, and lets them in no more', async () => {
  const control = await startControl({ limits: { loginFailureDelay: 1 } })
  const admin = await entered(control)
  await add(admin, 'ann', 'admin')
  await add(admin, 'bob', 'admin')
  const anns = [await sessionOf(control, 'ann'), await sessionOf(control, 'ann')]
  await sessionOf(control, 'bob')
  expect((await admin.call('operators.remove', { name: 'ann' })).result).toEqual({ ended: 2, stored: true })
  for (const ann of anns) expect(await goodbye(ann)).toBe('this operator was removed')
  expect(await sessions(admin)).toEqual({ bob: 1 })
  expect((await logIn(await stranger(control), password, 'ann')).error?.data.kind).toBe('auth_failed')
})

it('tells who removes themselves so before it ends their session', async () => {
  const control = await startControl()
  await add(await entered(control), 'ann', 'admin')
  const ann = await sessionOf(control, 'ann')
  expect((await ann.call('operators.remove', { name: 'ann' })).result).toEqual({ ended: 1, stored: true })
  expect(await goodbye(ann)).toBe('this operator was removed')
})

it('ends the sessions of a changed password, but not the one that changed it', async () => {
  const control = await startControl({ limits: { loginFailureDelay: 1 } })
  await add(await entered(control), 'ann', 'admin')
  const [asking, other] = [await sessionOf(control, 'ann'), await sessionOf(control, 'ann')]
  const change = { name: 'ann', password: 'another password' }
  expect((await asking.call('operators.setPassword', change)).result).toEqual({ ended: 1, stored: true })
  expect(await goodbye(other)).toBe("this operator's password was changed")
  expect((await asking.call('session.whoami')).result.name).toBe('ann')
  expect((await logIn(await stranger(control), password, 'ann')).error?.data.kind).toBe('auth_failed')
  await sessionOf(control, 'ann', 'another password')
})

it('ends the sessions of a changed role; the one that changed it has no more rights than that', async () => {
  const control = await startControl()
  const admin = await entered(control)
  await add(admin, 'ann', 'admin')
  const [asking, other] = [await sessionOf(control, 'ann'), await sessionOf(control, 'ann')]
  expect((await asking.call('operators.setRole', { name: 'ann', role: 'viewer' })).result).toEqual({
    ended: 1,
    stored: true,
  })
  expect(await goodbye(other)).toBe("this operator's role was changed")
  expect((await asking.call('session.whoami')).result.role).toBe('viewer')
  await admin.call('operators.setRole', { name: 'ann', role: 'operator' })
  expect((await (await sessionOf(control, 'ann')).call('session.whoami')).result.role).toBe('operator')
})

it.each([
  ['the password', 'operators.setPassword', { name: 'ann', password: 'another password' }],
  ['the operator', 'operators.remove', { name: 'ann' }],
])('refuses a login that began before %s was changed', async (_, method, params) => {
  const control = await startControl({ limits: { loginFailureDelay: 1 } })
  const admin = await entered(control)
  await add(admin, 'ann', 'admin')
  const client = await stranger(control)
  const exchange = beginClient('ann')
  const challenge = await client.call('auth.begin', { mechanism: 'SCRAM-SHA-256', message: exchange.message })
  await admin.call(method, params)
  const { message } = exchange.answer(challenge.result.message, password)
  expect((await client.call('auth.finish', { message })).error?.data.kind).toBe('auth_failed')
})

it('gives the role that an operator has at the end of the login', async () => {
  const control = await startControl()
  const admin = await entered(control)
  await add(admin, 'ann', 'admin')
  const client = await stranger(control)
  const exchange = beginClient('ann')
  const challenge = await client.call('auth.begin', { mechanism: 'SCRAM-SHA-256', message: exchange.message })
  await admin.call('operators.setRole', { name: 'ann', role: 'viewer' })
  const { message } = exchange.answer(challenge.result.message, password)
  expect((await client.call('auth.finish', { message })).result.role).toBe('viewer')
})

it('does not take whoever has the cookie for an operator of the name local', async () => {
  const control = await startControl()
  const admin = await entered(control)
  const holder = await stranger(control)
  await logIn(holder, cookieOf(control))
  await add(admin, 'local', 'admin')
  expect(await sessions(admin)).toEqual({ local: 0 })
  expect((await admin.call('operators.remove', { name: 'local' })).result).toEqual({ ended: 0, stored: true })
  expect((await holder.call('session.whoami')).result.name).toBe('local')
})

it('challenges unknown names as it does operators, and each the same at each try', async () => {
  const control = await startControl()
  await add(await entered(control), 'ann', 'admin')
  const challenge = async (name: string) => {
    const client = await stranger(control)
    const { message } = beginClient(name, 'nonce')
    const reply = await client.call('auth.begin', { mechanism: 'SCRAM-SHA-256', message })
    client.socket.end()
    const [nonce, salt, iterations] = reply.result.message.split(',')
    return { nonce: nonce.length, salt, iterations }
  }
  const [ann, bob, again, carl] = [
    await challenge('ann'),
    await challenge('bob'),
    await challenge('bob'),
    await challenge('carl'),
  ]
  expect(bob).toEqual(again)
  expect(bob.salt).not.toBe(carl.salt)
  expect({ ...ann, salt: ann.salt.length }).toEqual({ ...bob, salt: bob.salt.length })
})
