import { expect, it } from 'vitest'
import { sampleOf } from '../helpers/sample.ts'
import { connectionOf, connectionsOf } from './fake-backend.ts'
import { cookieOf, entered, greeted, type Line, logIn, type RawClient, started } from './raw-client.ts'
import { startControl } from './start-control.ts'

const topics = ['metrics', 'connections', 'users', 'log']
const busy = Array.from({ length: 10 }, () => ({ name: 'x'.repeat(255), connections: 1, up: 1, down: 1 }))

async function until(client: RawClient, isIt: (line: Line) => boolean): Promise<Line> {
  for (;;) {
    const line = await client.next()
    if (line === undefined) throw new Error('the connection ended')
    if (isIt(line)) return line
  }
}

it('answers with the last samples, oldest first, and pushes the next', async () => {
  const control = await startControl()
  const { metrics } = control.backend
  for (let seq = 0; seq < 5; seq++) metrics.push(sampleOf(seq))
  const client = await entered(control)
  const { result } = await client.call('metrics.subscribe', { history: 3 })
  expect(result.samples).toEqual([sampleOf(2), sampleOf(3), sampleOf(4)])
  metrics.push(sampleOf(5))
  expect(await client.next()).toEqual({ jsonrpc: '2.0', method: 'metrics.sample', params: sampleOf(5) })
})

it('answers without history unless asked for it', async () => {
  const control = await startControl()
  control.backend.metrics.push(sampleOf(0))
  expect((await (await entered(control)).call('metrics.subscribe')).result).toEqual({ samples: [] })
})

it('answers with as many samples as a line may hold', async () => {
  const control = await startControl()
  for (let seq = 0; seq < 3600; seq++) control.backend.metrics.push(sampleOf(seq, { users: busy }))
  const { result } = await (await entered(control)).call('metrics.subscribe', { history: 3600 })
  const length = JSON.stringify({ jsonrpc: '2.0', id: 1, result }).length
  const one = JSON.stringify(sampleOf(3599, { users: busy })).length
  expect(length).toBeLessThanOrEqual(1024 * 1024)
  expect(length).toBeGreaterThan(1024 * 1024 - 1024 - 2 * one)
  expect(result.samples.at(-1).seq).toBe(3599)
})

it('answers with the last entries of the log, then pushes the next', async () => {
  const control = await startControl()
  const { log } = control.backend
  const [, noted] = [log.say('debug', 'loops'), log.say('info', 'starts')]
  const client = await entered(control)
  expect((await client.call('log.subscribe', { history: 5 })).result).toEqual({ entries: [noted] })
  const later = log.say('warn', 'wavers')
  expect(await client.next()).toEqual({
    jsonrpc: '2.0',
    method: 'log.entries',
    params: { entries: [later], lost: 0 },
  })
  expect((await client.call('log.subscribe', { level: 'error', history: 5 })).result).toEqual({ entries: [] })
  expect(log.watchers).toBe(1)
})

it('ends subscriptions when asked to', async () => {
  const control = await startControl()
  const { metrics, connections, userTable, log } = control.backend
  const client = await entered(control)
  for (const topic of topics) await client.call(`${topic}.subscribe`)
  expect([metrics, connections, userTable, log].map(({ watchers }) => watchers)).toEqual([1, 1, 1, 1])
  for (const topic of topics) expect((await client.call(`${topic}.unsubscribe`)).result).toEqual({})
  await expect.poll(() => [metrics, connections, userTable, log].map(({ watchers }) => watchers)).toEqual([0, 0, 0, 0])
  expect((await client.call('metrics.unsubscribe')).result).toEqual({})
})

it('ends subscriptions with the connection', async () => {
  const control = await startControl()
  const { metrics, connections, userTable, log } = control.backend
  const client = await entered(control)
  for (const topic of topics) await client.call(`${topic}.subscribe`)
  client.socket.destroy()
  await expect.poll(() => [metrics, connections, userTable, log].map(({ watchers }) => watchers)).toEqual([0, 0, 0, 0])
})

it('answers before the snapshot, then tells what changes', async () => {
  const control = await startControl()
  const { connections } = control.backend
  connections.rows = connectionsOf(0, 501)
  const client = await entered(control)
  client.request('connections.subscribe', {}, 'it')
  expect(await client.next()).toEqual({ jsonrpc: '2.0', id: 'it', result: {} })
  expect(await client.next()).toMatchObject({ method: 'connections.snapshot', params: { seq: 0, last: false } })
  expect(await client.next()).toMatchObject({ params: { seq: 1, last: true, connections: [connectionOf(500)] } })
  connections.change([connectionOf(501)], ['c0'])
  expect(await client.next()).toEqual({
    jsonrpc: '2.0',
    method: 'connections.changed',
    params: { seq: 2, changed: [connectionOf(501)], moved: [], closed: ['c0'] },
  })
})

it('answers before the users, then tells what changes', async () => {
  const control = await startControl()
  const { users, userTable } = control.backend
  for (const name of ['ann', 'bob']) await users.add(name)
  const client = await entered(control)
  client.request('users.subscribe', {}, 'it')
  expect(await client.next()).toEqual({ jsonrpc: '2.0', id: 'it', result: {} })
  expect(await client.next()).toMatchObject({
    method: 'users.snapshot',
    params: { seq: 0, last: true, users: [{ name: 'ann' }, { name: 'bob' }] },
  })
  userTable.change({ changed: [], moved: [['bob', 1, 2, 3, 4, 5, 6]], removed: ['ann'] })
  expect(await client.next()).toEqual({
    jsonrpc: '2.0',
    method: 'users.changed',
    params: { seq: 1, changed: [], moved: [['bob', 1, 2, 3, 4, 5, 6]], removed: ['ann'] },
  })
})

it('sends the whole table again to a client that subscribes again', async () => {
  const control = await startControl()
  control.backend.connections.rows = connectionsOf(0, 2)
  const client = await entered(control)
  for (let round = 0; round < 2; round++) {
    await client.call('connections.subscribe')
    expect(await client.next()).toMatchObject({ params: { seq: 0, last: true, connections: connectionsOf(0, 2) } })
  }
  expect(control.backend.connections.watchers).toBe(1)
})

it('sends a large table no faster than it is read, and nothing of it is lost', async () => {
  const control = await startControl()
  const { connections } = control.backend
  connections.rows = connectionsOf(0, 50_000)
  const client = await entered(control)
  await client.call('connections.subscribe')
  const ids = new Set<string>()
  const end = await until(client, ({ params }) => {
    for (const { id } of params.connections) ids.add(id)
    return params.last
  })
  expect(end.params.seq).toBe(99)
  expect(ids.size).toBe(50_000)
})

it('costs a bounded amount for a stopped client, and starts it afresh when it goes on', async () => {
  const control = await startControl({ limits: { unsent: 500_000, unsentPush: 50_000 } })
  const { connections, metrics } = control.backend
  const client = await entered(control)
  await client.call('metrics.subscribe')
  await client.call('connections.subscribe')
  client.socket.pause()
  // Far more than the kernel takes; what is not sent is not kept either.
  for (let round = 0; round < 50; round++) {
    connections.change(
      connectionsOf(round * 1000, round * 1000 + 1000),
      connectionsOf((round - 1) * 1000, round * 1000).map(({ id }) => id),
    )
    metrics.push(sampleOf(round, { users: busy }))
    await new Promise(setImmediate)
  }
  const resync = await until(client, ({ method }) => method === 'connections.resync')
  const ids: string[] = []
  await until(client, ({ method, params }) => {
    if (method !== 'connections.snapshot') return false
    for (const { id } of params.connections) ids.push(id)
    return params.last
  })
  expect(resync.params.seq).toBeGreaterThan(0)
  expect(ids).toEqual(connections.rows.map(({ id }) => id))
  expect((await client.call('session.whoami')).result.role).toBe('admin')
})

it('ends a client that has stopped for good', async () => {
  const control = await startControl({ limits: { stall: 100 } })
  const { connections } = control.backend
  connections.rows = connectionsOf(0, 50_000)
  const client = await greeted({ host: '::1', port: control.port })
  await started(client)
  await logIn(client, cookieOf(control))
  client.request('connections.subscribe')
  client.socket.pause()
  await expect.poll(() => control.log.join()).toContain('::1 reads too slowly')
  await expect.poll(() => connections.watchers).toBe(0)
})

it('drains no slower for a subscriber that does not read', async () => {
  const control = await startControl()
  control.backend.connections.rows = connectionsOf(0, 50_000)
  const client = await entered(control)
  client.request('connections.subscribe')
  client.socket.pause()
  await expect.poll(() => control.backend.connections.watchers).toBe(1)
  await control.server.close()
  await expect.poll(() => control.backend.connections.watchers).toBe(0)
})
