import { describe, expect, it } from 'vitest'
import { connectThrough } from '../../helpers/connect-through.ts'
import { startDaemon } from '../../helpers/daemon.ts'
import { eventually } from '../../helpers/eventually.ts'
import { startTarget } from '../../helpers/target.ts'
import { greeted, type RawClient, started } from '../raw-client.ts'
import { abusedDaemon, admin, servedBeside, unharmedBy } from './abused-daemon.ts'

const abused = abusedDaemon()

async function namesOf(client: RawClient): Promise<string[]> {
  return (await client.call('users.list')).result.users.map(({ name }: { name: string }) => name)
}

function kindsOf(replies: readonly { error?: { data: { kind: string } } }[]): (string | undefined)[] {
  return replies.map(({ error }) => error?.data.kind).sort()
}

describe('a name', () => {
  it.each([
    ['spaces', 'a b'],
    ['quotes and backslashes', `"'\\`],
    ['markup', '<script>alert(1)</script>'],
    ['SQL', "x'; DROP TABLE users; --"],
    ['what a shell would act on', '$(reboot)`reboot`;&|'],
    ['a path', '../../etc/passwd'],
    ['__proto__', '__proto__'],
    ['255 bytes', 'é'.repeat(127)],
    ['emoji', '👩👩👧'],
  ])('of %s is kept as it is', async (_, name) => {
    const client = await admin(abused)
    expect((await client.call('users.add', { name, password: 'x' })).result).toEqual({})
    expect(await namesOf(client)).toEqual([name])
    expect((await client.call('users.setEnabled', { name, enabled: false })).result).toBeDefined()
    expect((await client.call('users.remove', { name })).result).toBeDefined()
    expect(await namesOf(client)).toEqual([])
  })

  it.each([
    ['a newline', 'a\nb'],
    ['a NUL', 'a\0b'],
    ['ESC', 'a\u001b[2J'],
    ['a C1 control character', 'a\u009b2J'],
    ['10 kB', 'x'.repeat(10_000)],
    ['256 bytes', 'é'.repeat(128)],
    ['half a surrogate pair', '\ud800'],
    ['nothing', ''],
  ])('of %s is refused, of users and of operators', async (_, name) => {
    const client = await admin(abused)
    for (const [method, params] of [
      ['users.add', { name, password: 'x' }],
      ['users.remove', { name }],
      ['operators.add', { name, role: 'viewer', password: 'long enough' }],
    ] as const) {
      expect((await client.call(method, params)).error?.data.kind, method).toBe('invalid_params')
    }
    expect(await namesOf(client)).toEqual([])
  })

  it.each([
    ['spaces at its ends', ' a '],
    ['right-to-left marks', 'a\u202eb'],
    ['a line separator', 'a\u2028b'],
  ])('of %s is refused for somebody new, and taken for one who was there before', async (_, name) => {
    const client = await admin(abused)
    expect((await client.call('users.add', { name, password: 'x' })).error?.data.kind).toBe('invalid_params')
    expect((await client.call('users.remove', { name })).error?.data.kind).toBe('not_found')
  })

  it.each([
    ['a Hangul filler', '\u115f'],
    ['another Hangul filler within', 'a\u3164b'],
    ['a halfwidth Hangul filler', '\uffa0'],
    ['blank braille', '\u2800'],
    ['a soft hyphen', 'a\u00adb'],
    ['the Arabic letter mark', 'a\u061cb'],
    ['a tag letter', 'a\u{e0041}b'],
    ['a joiner', 'a\u200db'],
    ['a variation selector', 'a\ufe0f'],
    ['é in two characters', 'e\u0301'],
  ])('with %s is none for somebody new, and one to ask for', async (_, name) => {
    const client = await admin(abused)
    const kindOf = async (method: string, params: object) => (await client.call(method, params)).error?.data.kind
    expect(await kindOf('users.add', { name, password: 'x' })).toBe('invalid_params')
    expect(await kindOf('operators.add', { name, role: 'viewer', password: 'long enough' })).toBe('invalid_params')
    expect(await kindOf('groups.add', { name, fields: {} })).toBe('invalid_params')
    expect(await kindOf('transfer.import', { users: [{ name, password: 'x' }] })).toBe('invalid_params')
    expect(await kindOf('transfer.import', { groups: [{ name, limits: {} }] })).toBe('invalid_params')
    expect(await kindOf('users.remove', { name })).toBe('not_found')
    expect(await namesOf(client)).toEqual([])
  })

  it.each(['__cookie__', '__x', '-x', '.x', 'a b', 'a,b', 'a=b'])('%j is none of an operator', async (name) => {
    const client = await admin(abused)
    const params = { name, role: 'admin', password: 'long enough' }
    expect((await client.call('operators.add', params)).error?.data.kind).toBe('invalid_params')
  })
})

describe('of several admins who write one thing at once, one wins and the others are told', () => {
  async function all(method: string, params: object) {
    const admins = await Promise.all(Array.from({ length: 5 }, () => admin(abused)))
    return Promise.all(admins.map((each) => each.call(method, params)))
  }

  it('a user', async () => {
    const others = (kind: string) => [...Array(4).fill(kind), undefined].sort()
    await servedBeside(abused, async () => {
      expect(kindsOf(await all('users.add', { name: 'bob', password: 'x' }))).toEqual(others('exists'))
      expect(kindsOf(await all('users.remove', { name: 'bob' }))).toEqual(others('not_found'))
    })
  })

  it('an operator', async () => {
    await servedBeside(abused, async () => {
      const operator = { name: 'ann', role: 'viewer', password: 'long enough' }
      expect(kindsOf(await all('operators.add', operator)).filter((kind) => kind === undefined)).toHaveLength(1)
      expect(kindsOf(await all('operators.remove', { name: 'ann' })).filter((kind) => kind === undefined)).toHaveLength(
        1,
      )
    })
  })

  it('a setting', async () => {
    await servedBeside(abused, async () => {
      const { revision } = (await (await admin(abused)).call('config.get')).result
      const replies = await all('config.set', { revision, patch: { 'timeout-drain': 5000 } })
      expect(kindsOf(replies)).toEqual([...Array(4).fill('conflict'), undefined].sort())
    })
  })
})

it('stays as it is when 2,000 users come and go', async () => {
  await unharmedBy(abused, async () => {
    const client = await admin(abused)
    const requests = Array.from({ length: 2000 }, (_, id) => [
      { jsonrpc: '2.0', id: `e${id}`, method: 'users.setEnabled', params: { name: `user${id}`, enabled: true } },
      { jsonrpc: '2.0', id: `r${id}`, method: 'users.remove', params: { name: `user${id}` } },
    ])
    client.send(...requests.flat())
    for (let i = 0; i < 4000; i++) expect((await client.next())?.error?.data.kind).toBe('not_found')
  })
})

it('finds no connection by an id from before a restart, nor by one that never was', async () => {
  const target = await startTarget()
  const first = await startDaemon()
  const before = await greeted({ path: `${first.folders.runtime}/proxyd.sock` })
  await started(before)
  await connectThrough(first.port('socks'), target)
  const idsOf = async (client: RawClient): Promise<string[]> =>
    (await client.call('connections.list')).result.connections.map(({ id }: { id: string }) => id)
  await eventually(async () => expect(await idsOf(before)).toHaveLength(1))
  const old = await idsOf(before)
  await first.kill()

  const second = await startDaemon([], { folders: first.folders })
  const after = await greeted({ path: `${second.folders.runtime}/proxyd.sock` })
  await started(after)
  const client = await connectThrough(second.port('socks'), target)
  await eventually(async () => expect(await idsOf(after)).toHaveLength(1))
  const ids = [...old, '', '0', '-1', '__proto__', 'NaN', '1e9', '9'.repeat(64), '\0']
  expect((await after.call('connections.kill', { ids })).result).toEqual({ killed: [], missing: ids })
  expect(await idsOf(after)).toHaveLength(1)
  client.finish()
})
