import { expect, it } from 'vitest'
import { limits as protocolLimits } from '../../shared/protocol/limits.ts'
import type { Method } from '../../shared/protocol/methods.ts'
import { unlimited } from '../helpers/user-row.ts'
import { entered } from './raw-client.ts'
import { startControl } from './start-control.ts'

/** More than a page of rows, each of which has some kilobytes. */
const names = Array.from({ length: 600 }, (_, i) => `n${String(i).padStart(3, '0')}`)
const limits = {
  sources: Array.from({ length: 32 }, () => '2001:db8:1111:2222:3333:4444:5555:6666/128'),
  note: 'é'.repeat(1600),
}
const user = { enabled: true, stored: true, created: 0, connections: 0, up: 0, down: 0, ...unlimited, limits }

/** Every page of a list, none of which may be longer than a line: a client would hang up on it. */
async function pagesOf(method: Method, params = {}) {
  const control = await startControl()
  const { backend } = control
  const behind = (after = '') => names.filter((name) => name > after)
  backend.userTable.page = (limit, after) =>
    behind(after)
      .slice(0, limit)
      .map((name) => ({ ...user, name }))
  backend.limits.groups = () => names.map((name) => ({ name, limits, members: 0, revision: 0 }))
  backend.transfer.export = async ({ cursor, limit = 500 }) => {
    const users = behind(cursor).map((name) => ({ name, hash: 'x', enabled: true, created: 0, limits }))
    return users.length > limit ? { users: users.slice(0, limit), next: users[limit - 1]?.name } : { users }
  }
  const rule = { hits: 0, lately: 0, last: null, source: 'rules' as const }
  const rows = names.map((name, i) => ({ ...rule, id: i, place: i + 1, text: `${name} ${'x'.repeat(3_000)}` }))
  backend.rules.list = () => ({ revision: 1, rows })
  backend.rules.text = '"'.repeat(500_000)
  const client = await entered(control)
  // biome-ignore lint/suspicious/noExplicitAny: of several methods
  const pages: any[] = []
  do {
    const { result } = await client.call(method, { ...params, ...(pages.length > 0 && { cursor: pages.at(-1).next }) })
    expect(Buffer.byteLength(JSON.stringify(result))).toBeLessThan(protocolLimits.line - 100)
    pages.push(result)
  } while (pages.at(-1).next !== undefined)
  return pages
}

it.each(['users.list', 'groups.list', 'transfer.export'] as const)(
  '%s has no page longer than a line',
  async (method) => {
    const pages = await pagesOf(method)
    expect(pages.length).toBeGreaterThan(2)
    const rows = pages.flatMap(({ users, groups }) => users ?? groups)
    expect(rows.map(({ name }) => name)).toEqual(names)
  },
)

it('rules.list has no page longer than a line, and their text on the first', async () => {
  const [first, ...others] = await pagesOf('rules.list', { text: true })
  expect(first.text).toHaveLength(500_000)
  expect(others.map(({ text }) => text)).toEqual(others.map(() => undefined))
  const rows = [first, ...others].flatMap(({ rules }) => rules)
  expect(rows.map(({ text }) => text.slice(0, 4))).toEqual(names)
})

it.each(['-1', '1.5', 'x', '1e3', '', '9'.repeat(400)])(
  'a cursor %j is none where they are numbers',
  async (cursor) => {
    const client = await entered(await startControl())
    const refused = { data: { kind: 'invalid_params' } }
    expect((await client.call('rules.list', { cursor })).error).toMatchObject(refused)
    expect((await client.call('audit.list', { cursor })).error).toMatchObject(refused)
    expect((await client.call('usage.list', { by: 'day', cursor })).error).toMatchObject(refused)
  },
)
