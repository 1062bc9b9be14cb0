import { describe, expect, it } from 'vitest'
import { greeted } from '../raw-client.ts'
import { abusedDaemon, admin, servedBeside, unharmedBy } from './abused-daemon.ts'

const abused = abusedDaemon()

/** A request of members as given; `undefined` leaves one out. */
const request = (members: object) => JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'session.whoami', ...members })
/** One whose parameters are written as given. */
const withParams = (method: string, params: string) =>
  `{"jsonrpc":"2.0","id":7,"method":"${method}","params":${params}}`

const notRequests: [name: string, line: string, id: number | null, kind: string][] = [
  ['null', 'null', null, 'invalid_request'],
  ['42', '42', null, 'invalid_request'],
  ['a string', '"session.whoami"', null, 'invalid_request'],
  ['[]', '[]', null, 'invalid_request'],
  ['{}', '{}', null, 'invalid_request'],
  ['a batch of one', `[${request({})}]`, null, 'invalid_request'],
  ['a notification', request({ id: undefined }), null, 'invalid_request'],
  ['an id that is an object', request({ id: {} }), null, 'invalid_request'],
  ['an id that is null', request({ id: null }), null, 'invalid_request'],
  ['an id that is true', request({ id: true }), null, 'invalid_request'],
  ['an id of 1.5', request({ id: 1.5 }), null, 'invalid_request'],
  ['an id of 2^53 + 1', request({ id: 2 ** 53 + 2 }), null, 'invalid_request'],
  ['an id of 1e400', request({ id: 7 }).replace('7', '1e400'), null, 'invalid_request'],
  ['an id of 65 characters', request({ id: 'x'.repeat(65) }), null, 'invalid_request'],
  ['JSON-RPC 1.0', request({ jsonrpc: undefined }), 7, 'invalid_request'],
  ['jsonrpc that is a number', request({ jsonrpc: 2 }), 7, 'invalid_request'],
  ['no method', request({ method: undefined }), 7, 'invalid_request'],
  ['a method that is a number', request({ method: 7 }), 7, 'invalid_request'],
  ['a method that is an array', request({ method: ['session.whoami'] }), 7, 'invalid_request'],
  ['parameters in an array', request({ params: [] }), 7, 'invalid_request'],
  ['parameters that are null', request({ params: null }), 7, 'invalid_request'],
  ['a member too many', request({ extra: 1 }), 7, 'invalid_request'],
  ['a __proto__ member', request({}).replace('{', '{"__proto__":{"id":1},'), 7, 'invalid_request'],
  ['a result nobody asked for', '{"jsonrpc":"2.0","id":7,"result":{}}', 7, 'invalid_request'],
  ['an error nobody asked for', '{"jsonrpc":"2.0","id":7,"error":{"code":1,"message":""}}', 7, 'invalid_request'],
]

describe('what is no request', () => {
  it.each(notRequests)('before login, ends the connection: %s', async (_, line, id, kind) => {
    await servedBeside(abused, async () => {
      const client = await greeted(abused.tcp)
      client.send(line, request({ id: 99, method: 'session.start' }))
      expect(await client.rest()).toMatchObject([{ id, error: { data: { kind } } }])
      client.socket.destroy()
    })
  })

  it('once logged in, is refused and forgotten', async () => {
    const client = await admin(abused)
    const lines = [
      ...notRequests,
      ['an id of 1 MB', request({ id: 'x'.repeat(1e6) }), null, 'invalid_request'] as const,
    ]
    for (const [name, line, id, kind] of lines) {
      client.send(line, request({ id: 99 }))
      expect(await client.next(), name).toMatchObject({ id, error: { data: { kind } } })
      expect(await client.next(), name).toMatchObject({ id: 99, result: { role: 'admin' } })
    }
  })
})

describe('a request that asks for what there is not', () => {
  it.each([
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '',
    'session',
    'SESSION.WHOAMI',
    'session.whoami\0',
  ])('the method %j is not found', async (method) => {
    const client = await admin(abused)
    expect((await client.call(method)).error).toMatchObject({ code: -32601, data: { kind: 'method_not_found' } })
    expect((await client.call('session.whoami')).result.role).toBe('admin')
  })

  it.each([
    ['an unknown parameter', 'users.list', '{"limit":1,"offset":2}'],
    ['a __proto__ parameter', 'users.list', '{"__proto__":{"limit":1}}'],
    ['a constructor parameter', 'users.list', '{"constructor":{"prototype":{"limit":1}}}'],
    ['a negative limit', 'users.list', '{"limit":-1}'],
    ['a limit of 0', 'users.list', '{"limit":0}'],
    ['a limit of 501', 'users.list', '{"limit":501}'],
    ['a limit of 1e400', 'users.list', '{"limit":1e400}'],
    ['a limit of 2^53 + 1', 'users.list', '{"limit":9007199254740993}'],
    ['a limit that is a string', 'users.list', '{"limit":"1"}'],
    ['a cursor that is none', 'connections.list', '{"cursor":"x"}'],
    ['a fraction', 'metrics.subscribe', '{"history":0.5}'],
    ['more history than there is', 'metrics.subscribe', '{"history":3601}'],
    ['more of the log than there is', 'log.subscribe', '{"history":1001}'],
    ['an unknown level', 'log.subscribe', '{"level":"fatal"}'],
    ['no ids to kill', 'connections.kill', '{"ids":[]}'],
    ['501 ids to kill', 'connections.kill', `{"ids":${JSON.stringify(Array(501).fill('x'))}}`],
    ['parameters where none are known', 'daemon.shutdown', '{"force":true}'],
  ])('refuses %s', async (_, method, params) => {
    const client = await admin(abused)
    client.send(withParams(method, params))
    expect((await client.next())?.error).toMatchObject({ code: -32602, data: { kind: 'invalid_params' } })
  })
})

it('refuses a patch of the prototype, and changes nothing', async () => {
  const client = await admin(abused)
  const before = (await client.call('config.get')).result
  client.send(withParams('config.set', `{"revision":${before.revision},"patch":{"__proto__":{"backlog":1}}}`))
  expect((await client.next())?.error).toMatchObject({ data: { kind: 'invalid_params' } })
  expect((await client.call('config.get')).result).toEqual(before)
})

/** An object of so many members. */
const members = (count: number, value: unknown) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [i, value]))

describe('what is very wrong is refused in few words, and quickly', () => {
  it.each([
    ['4,000 unknown parameters', 'users.list', members(4000, 0), 'invalid_params'],
    ['an unknown parameter with a name of 1 MB', 'users.list', { ['x'.repeat(1e6)]: 0 }, 'invalid_params'],
    ['a name of 1 MB', 'users.add', { name: 'x'.repeat(1e6), password: 'x' }, 'invalid_params'],
    ['2,000 settings that are none', 'config.set', { revision: 0, patch: members(2000, []) }, 'invalid_params'],
    ['75,000 settings', 'config.set', { revision: 0, patch: members(75_000, 0) }, 'invalid_request'],
    ['400,000 ids to kill', 'connections.kill', { ids: Array(400_000).fill(7) }, 'invalid_request'],
  ])('%s', async (_, method, params, kind) => {
    await unharmedBy(abused, async () => {
      const client = await admin(abused)
      client.request(method, params)
      const line = await client.next()
      expect(line?.error).toMatchObject({ data: { kind } })
      expect(JSON.stringify(line).length).toBeLessThan(10_000)
    })
  })
})

it('does not repeat a secret in a refusal', async () => {
  const client = await admin(abused)
  const { error } = await client.call('users.add', { name: 'bob', password: `hunter2${'x'.repeat(300)}` })
  expect(error?.data.kind).toBe('invalid_params')
  expect(JSON.stringify(error)).not.toContain('hunter2')
})
