import { expect, it } from 'vitest'
import { events, methods } from '../../shared/protocol/methods.ts'
import { connectionsOf } from './fake-backend.ts'
import { entered } from './raw-client.ts'
import { startControl } from './start-control.ts'

it('adds, lists and removes users', async () => {
  const client = await entered(await startControl())
  for (const name of ['bob', 'ann', 'cid']) {
    expect((await client.call('users.add', { name, password: 'x' })).result).toEqual({})
  }
  expect((await client.call('users.add', { name: 'bob', password: 'x' })).error?.data.kind).toBe('exists')
  const first = (await client.call('users.list', { limit: 2 })).result
  expect(first.users.map(({ name }: { name: string }) => name)).toEqual(['ann', 'bob'])
  const second = (await client.call('users.list', { limit: 2, cursor: first.next })).result
  expect(second.users.map(({ name }: { name: string }) => name)).toEqual(['cid'])
  expect(second.next).toBeUndefined()
  expect((await client.call('users.remove', { name: 'bob' })).result).toEqual({ cut: 2, opened: false, stored: true })
  expect((await client.call('users.remove', { name: 'bob' })).error?.data.kind).toBe('not_found')
})

it('lets one of two who add the same user win, and tells the other', async () => {
  const control = await startControl()
  const admins = [await entered(control), await entered(control)]
  const replies = await Promise.all(admins.map((admin) => admin.call('users.add', { name: 'bob', password: 'x' })))
  expect(replies.map(({ error }) => error?.data.kind).sort()).toEqual(['exists', undefined])
})

it('refuses a backup into what no file is called', async () => {
  const client = await entered(await startControl())
  for (const file of ['', '/backups/\0', '/backups/\ud800'])
    expect((await client.call('transfer.backup', { file })).error?.data.kind, file).toBe('invalid_params')
})

it('gives the pages of the connections, and refuses a cursor that is none', async () => {
  const control = await startControl()
  control.backend.connections.rows = connectionsOf(0, 5)
  const client = await entered(control)
  const first = (await client.call('connections.list', { limit: 3 })).result
  const second = (await client.call('connections.list', { limit: 3, cursor: first.next })).result
  expect([...first.connections, ...second.connections]).toEqual(connectionsOf(0, 5))
  expect(second).not.toHaveProperty('next')
  expect((await client.call('connections.list', { cursor: 'x y' })).error?.data.kind).toBe('invalid_params')
})

it('lists and kills connections, naming those that are gone', async () => {
  const control = await startControl()
  control.backend.connections.rows = connectionsOf(0, 3)
  const client = await entered(control)
  expect((await client.call('connections.list')).result).toEqual({ connections: connectionsOf(0, 3) })
  const { result } = await client.call('connections.kill', { ids: ['c1', 'before-the-restart'] })
  expect(result).toEqual({ killed: ['c1'], missing: ['before-the-restart'] })
})

it('drains once, and ends when it is told to', async () => {
  const control = await startControl()
  const client = await entered(control)
  expect((await client.call('daemon.drain')).result).toEqual({})
  expect(control.backend.lifecycle.ending).toBe('drain')
  expect((await client.call('daemon.drain')).error).toMatchObject({ code: -32030, data: { kind: 'draining' } })
  expect((await client.call('daemon.undrain')).result).toEqual({})
  expect((await client.call('daemon.undrain')).error).toMatchObject({ data: { kind: 'conflict' } })
  expect((await client.call('daemon.shutdown')).result).toEqual({})
  expect(control.backend.lifecycle.ending).toBe('shutdown')
})

it('tells its status', async () => {
  const control = await startControl()
  const client = await entered(control)
  expect((await client.call('status.get')).result).toEqual(control.backend.status())
})

it('describes itself: all methods and events, strict where it reads, open where it writes', async () => {
  const { result } = await (await entered(await startControl())).call('rpc.describe')
  expect(Object.keys(result.methods)).toEqual(Object.keys(methods))
  expect(Object.keys(result.events)).toEqual(Object.keys(events))
  expect(result.methods['users.list']).toMatchObject({
    role: 'operator',
    summary: methods['users.list'].summary,
    params: {
      type: 'object',
      properties: { limit: { type: 'integer', minimum: 1, maximum: 500 } },
      additionalProperties: false,
    },
  })
  expect(result.methods['users.list'].result).not.toHaveProperty('additionalProperties')
})

it('keeps no text that PostgreSQL cannot keep: a change that acts at once would wait for it forever, and all others behind it', () => {
  for (const odd of ['\0', '\ud800']) {
    const text = `deny to a.example # ${odd}`
    const refused = [
      methods['rules.apply'].params.safeParse({ text }),
      methods['rules.add'].params.safeParse({ rule: text }),
      methods['rules.insert'].params.safeParse({ place: 1, rule: text }),
      methods['watches.add'].params.safeParse({ name: 'w', text: `rate>1MB/s user:${odd}` }),
      methods['audit.list'].params.safeParse({ by: odd }),
      methods['audit.list'].params.safeParse({ action: odd }),
    ]
    for (const { error } of refused) expect(error?.issues).toMatchObject([{ code: 'custom' }])
  }
})
