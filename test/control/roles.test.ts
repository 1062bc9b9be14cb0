import { describe, expect, it } from 'vitest'
import type { MethodShape, Operator, Role } from '../../shared/protocol/methods.ts'
import { methods } from '../../shared/protocol/methods.ts'
import { roles } from '../../shared/protocol/vocabulary.ts'
import { entered, greeted, logIn, type RawClient, started } from './raw-client.ts'
import { startControl } from './start-control.ts'

const operatorRoles = ['viewer', 'operator', 'admin'] as const

/** Parameters that no method has: whoever may call one is told so, and nothing happens. */
const nonsense = { nonsense: true }

/** What each method says to this caller. */
async function answers(client: RawClient): Promise<Record<string, string | undefined>> {
  const found: Record<string, string | undefined> = {}
  for (const method of Object.keys(methods)) found[method] = (await client.call(method, nonsense)).error?.data.kind
  return found
}

/** What the table says. */
function expected(role: Role): Record<string, string> {
  const refusal = role === 'anyone' ? 'auth_required' : 'forbidden'
  const mayCall = (demanded: Role) => roles.indexOf(role) >= roles.indexOf(demanded)
  return Object.fromEntries(
    Object.entries(methods).map(([name, method]) => [name, mayCall(method.role) ? 'invalid_params' : refusal]),
  )
}

describe('every method is for just those roles that the table names', () => {
  it('to a stranger', async () => {
    const { port } = await startControl()
    const client = await greeted({ host: '::1', port })
    await started(client)
    expect(await answers(client)).toEqual(expected('anyone'))
  })

  it.each(operatorRoles)('to a named %s', async (role) => {
    const { port, backend } = await startControl()
    await backend.operators.add({ name: 'ann', role, password: 'a password' })
    const client = await greeted({ host: '127.0.0.1', port })
    await started(client)
    expect((await logIn(client, 'a password', 'ann')).result.role).toBe(role)
    expect(await answers(client)).toEqual(expected(role))
  })

  it.each(operatorRoles)('on a Unix socket for the role %s', async (role) => {
    const control = await startControl({ socket: { mode: '0600', group: '', role } })
    const client = await entered(control)
    expect((await client.call('session.whoami')).result).toEqual({ name: 'local', role, via: 'unix' })
    expect(await answers(client)).toEqual(expected(role))
  })

  it.each(operatorRoles)('to an admin who gave up all but %s', async (role) => {
    const client = await entered(await startControl())
    expect((await client.call('session.drop', { role })).result).toEqual({ role })
    expect(await answers(client)).toEqual(expected(role))
  })

  it.each(operatorRoles)('and to a read-only %s for just those that are not logged', async (role) => {
    const control = await startControl({ socket: { mode: '0600', group: '', role } })
    const client = await entered(control)
    expect((await client.call('session.drop', { readOnly: true })).result).toEqual({ role, readOnly: true })
    const logged = Object.entries<MethodShape>(methods).filter(([, method]) => method.logged !== undefined)
    const refused = Object.fromEntries(logged.map(([name]) => [name, 'forbidden']))
    expect(await answers(client)).toEqual({ ...expected(role), ...refused })
  })
})

describe('giving up rights', () => {
  it.each([
    ['viewer', 'admin'],
    ['viewer', 'operator'],
    ['operator', 'admin'],
  ] satisfies [Operator['role'], Operator['role']][])(
    'is for good: from %s there is no way to %s',
    async (low, high) => {
      const client = await entered(await startControl())
      await client.call('session.drop', { role: low })
      expect((await client.call('session.drop', { role: high })).result).toEqual({ role: low })
      expect((await client.call('session.whoami')).result.role).toBe(low)
    },
  )

  it('to change anything is for good, is told by name, and leaves dry runs', async () => {
    const control = await startControl()
    const client = await entered(control)
    await client.call('connections.subscribe')
    await client.call('session.drop', { readOnly: true })
    expect((await client.call('session.drop', {})).result).toEqual({ role: 'admin', readOnly: true })
    expect((await client.call('session.whoami')).result).toMatchObject({ role: 'admin', readOnly: true })
    expect((await client.call('users.add', { name: 'bob', password: 'x' })).error).toMatchObject({
      message: 'users.add is not for a read-only session',
      data: { kind: 'forbidden' },
    })
    expect(control.backend.users.list()).toEqual([])
    expect(control.backend.connections.watchers).toBe(1)
    for (const method of ['rules.remove', 'config.set', 'transfer.import']) {
      expect((await client.call(method, { ...nonsense, dryRun: true })).error?.data.kind).toBe('invalid_params')
    }
    expect((await client.call('users.add', { name: 'x', password: 'x', dryRun: true })).error?.data.kind).toBe(
      'invalid_params',
    )
    expect((await client.call('session.drop', { role: 'viewer' })).result).toEqual({ role: 'viewer', readOnly: true })
  })

  it('acts on what was sent right after it', async () => {
    const control = await startControl()
    const client = await entered(control)
    const drop = client.request('session.drop', { role: 'viewer' })
    const add = client.request('users.add', { name: 'bob', password: 'x' })
    const replies = [await client.next(), await client.next()]
    expect(replies).toContainEqual(expect.objectContaining({ id: drop, result: { role: 'viewer' } }))
    expect(replies.find((reply) => reply?.id === add)?.error?.data.kind).toBe('forbidden')
    expect(control.backend.users.list()).toEqual([])
  })

  it('ends what the role must not follow, and nothing else', async () => {
    const { backend, ...control } = await startControl()
    const client = await entered({ backend, ...control })
    await client.call('connections.subscribe')
    await client.call('metrics.subscribe')
    await client.call('session.drop', { role: 'operator' })
    expect([backend.connections.watchers, backend.metrics.watchers]).toEqual([1, 1])
    await client.call('session.drop', { role: 'viewer' })
    await expect.poll(() => [backend.connections.watchers, backend.metrics.watchers]).toEqual([0, 1])
  })
})

it('answers a ping with its time', async () => {
  const client = await entered(await startControl())
  const before = Date.now()
  const { time } = (await client.call('session.ping')).result
  expect(time).toBeGreaterThanOrEqual(before)
  expect(time).toBeLessThanOrEqual(Date.now())
})
