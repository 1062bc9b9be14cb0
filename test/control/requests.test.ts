import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { Refusal } from '../../daemon/refusal.ts'
import { methods } from '../../shared/protocol/methods.ts'
import { entered, greeted, started } from './raw-client.ts'
import { type Control, startControl } from './start-control.ts'

function tcp({ port }: Control) {
  return { host: '127.0.0.1', port }
}

it('hides what went wrong inside, and logs it', async () => {
  const control = await startControl()
  const client = await entered(control)
  const { error } = await client.call('users.setEnabled', { name: 'bob', enabled: false })
  expect(error).toMatchObject({ code: -32603, data: { kind: 'internal_error' } })
  expect(JSON.stringify(error)).not.toContain('secret detail')
  expect(control.log.join()).toContain('secret detail')
})

it('quotes no more of what it refuses than a person reads', async () => {
  const control = await startControl()
  const client = await entered(control)
  control.backend.rules.apply = async () => {
    throw new Refusal('invalid', `wrong ${'"'.repeat(500_000)}: mend it`)
  }
  const { error } = await client.call('rules.apply', { text: '' })
  expect(error?.message).toMatch(/^wrong "+…"+: mend it$/)
  expect(error?.message.length).toBeLessThan(2000)
})

it('refuses a duplicate of an id in flight, not of one answered', async () => {
  const control = await startControl()
  const client = await entered(control)
  const gate = Promise.withResolvers<void>()
  control.backend.users.gate = gate.promise
  const params = { name: 'bob', password: 'x' }
  client.request('users.setPassword', params, 'same')
  client.request('users.setPassword', params, 'same')
  expect(await client.next()).toMatchObject({ id: null, error: { data: { kind: 'invalid_request' } } })
  gate.resolve()
  expect(await client.next()).toMatchObject({ id: 'same', result: {} })
  client.request('session.whoami', {}, 'same')
  expect(await client.next()).toMatchObject({ id: 'same', result: { role: 'admin' } })
})

it('reads no further than 32 requests in flight', async () => {
  const control = await startControl()
  const client = await entered(control)
  const gate = Promise.withResolvers<void>()
  let waiting = 0
  control.backend.lifecycle.reload = async () => {
    waiting++
    await gate.promise
    return { changed: [], warnings: [], problems: [] }
  }
  const count = 20_000
  for (let id = 0; id < count; id++) client.request('daemon.reload', {}, id)
  await expect.poll(() => waiting).toBe(32)
  // Meanwhile others are served, and nothing more is taken up.
  await (await entered(control)).call('status.get')
  expect(waiting).toBe(32)
  gate.resolve()
  for (let id = 0; id < count; id++) expect((await client.next())?.id).toBe(id)
})

it('answers what was asked before a FIN, then closes', async () => {
  const control = await startControl()
  const client = await entered(control)
  const gate = Promise.withResolvers<void>()
  control.backend.users.gate = gate.promise
  client.request('users.setPassword', { name: 'bob', password: 'x' }, 'slow')
  client.request('status.get', {}, 'quick')
  client.socket.end()
  expect(await client.next()).toMatchObject({ id: 'quick' })
  gate.resolve()
  expect(await client.next()).toMatchObject({ id: 'slow', result: {} })
  expect(await client.next()).toBeUndefined()
  expect(await client.closed).toBe(false)
})

it('takes a method it does not know, or not yet, for no reason to hang up', async () => {
  const control = await startControl()
  const client = await greeted(tcp(control))
  expect((await client.call('auth.begin', { mechanism: 'SCRAM-SHA-256', message: 'n,,n=a,r=b' })).error).toMatchObject({
    data: { kind: 'invalid_request' },
  })
  const unsupported = await client.call('session.start', { protocol: [2, 0], client: 'test' })
  expect(unsupported.error).toMatchObject({ code: -32031, data: { kind: 'unsupported_version', supported: [[1, 0]] } })
  await started(client)
  expect((await client.call('session.start', { protocol: [1, 0], client: 'test' })).error?.data.kind).toBe('conflict')
  expect((await client.call('users.drop')).error?.data.kind).toBe('method_not_found')
})

it('agrees on a later minor version', async () => {
  const client = await greeted({ path: (await startControl()).server.unixPath })
  expect((await client.call('session.start', { protocol: [1, 7], client: 'test' })).result).toEqual({
    protocol: [1, 0],
  })
})

it('demands a login for every method but those to log in by', async () => {
  const client = await greeted(tcp(await startControl()))
  await started(client)
  for (const [method, { role }] of Object.entries(methods)) {
    if (role === 'anyone') continue
    expect((await client.call(method)).error, method).toMatchObject({ code: -32001, data: { kind: 'auth_required' } })
  }
})

it('ends a client that asks much and reads nothing', async () => {
  const control = await startControl({ limits: { stall: 200 } })
  const client = await entered(control)
  client.socket.pause()
  for (let id = 0; id < 5000; id++) client.request('rpc.describe', {}, id)
  await expect.poll(() => control.log.join()).toMatch(/reads too slowly/)
})

it('leaves a client in peace that is silent for long, and goes on watching it', async () => {
  const control = await startControl({ limits: { stall: 20 } })
  const client = await entered(control)
  await delay(100)
  expect((await client.call('status.get')).result).toBeDefined()
  client.socket.pause()
  for (let id = 0; id < 5000; id++) client.request('rpc.describe', {}, id)
  await expect.poll(() => control.log.join()).toMatch(/reads too slowly/)
})
