import { expect, it } from 'vitest'
import { Accounts, noLimits } from '../../daemon/access/accounts.ts'
import { scryptParameters } from '../../daemon/access/password-hash.ts'

const password = { ...scryptParameters, salt: Buffer.alloc(16), key: Buffer.alloc(32) }

function user(name: string) {
  return { name, password, id: 1, enabled: true, created: 0, ...noLimits }
}

it('gives indices from 1 on', () => {
  const accounts = new Accounts()
  expect(['ann', 'bob'].map((name) => accounts.add(user(name)).index)).toEqual([1, 2])
  expect(accounts.highestIndex).toBe(2)
  expect(accounts.nameOf(2)).toBe('bob')
  expect(accounts.nameOf(3)).toBeUndefined()
})

it('gives an index again only after its release', () => {
  const accounts = new Accounts(2)
  const ann = accounts.add(user('ann'))
  accounts.add(user('bob'))
  accounts.remove(ann)
  expect(accounts.named('ann')).toBeUndefined()
  expect(accounts.nameOf(ann.index)).toBe('ann')
  expect(accounts.isFull).toBe(true)
  expect(() => accounts.add(user('cid'))).toThrow(RangeError)

  accounts.release(ann.index)
  expect(accounts.nameOf(ann.index)).toBeUndefined()
  expect(accounts.lastNameOf(ann.index)).toBe('ann')
  expect(accounts.isFull).toBe(false)
  expect(accounts.add(user('cid')).index).toBe(ann.index)
  expect(accounts.lastNameOf(ann.index)).toBe('cid')
})

it('holds 65,535 users and no more', () => {
  const accounts = new Accounts()
  for (let i = 1; i <= 65_535; i++) accounts.add(user(`user${i}`))
  expect(accounts.highestIndex).toBe(65_535)
  expect(accounts.isFull).toBe(true)
})

it('lists by code point, whatever happens meanwhile', () => {
  const accounts = new Accounts()
  const names = () => accounts.list().map(({ name }) => name)
  for (const name of ['b', '😀', '\uffee', 'a']) accounts.add(user(name))
  expect(names()).toEqual(['a', 'b', '\uffee', '😀'])
  const a = accounts.named('a')
  if (a) accounts.remove(a)
  accounts.add(user('c'))
  expect(names()).toEqual(['b', 'c', '\uffee', '😀'])
  const b = accounts.named('b')
  if (b) accounts.put({ ...b, enabled: false })
  expect(accounts.list()[0]?.enabled).toBe(false)
  expect(accounts.size).toBe(4)
})

it('gives pages of the list, which neither skip nor repeat a user when others come and go between them', () => {
  const accounts = new Accounts()
  const page = (limit: number, after?: string) => accounts.page(limit, after).map(({ name }) => name)
  for (const name of ['b', '\uffee', 'd', '😀']) accounts.add(user(name))
  expect(page(2)).toEqual(['b', 'd'])
  const d = accounts.named('d')
  if (d) accounts.remove(d)
  for (const name of ['a', 'e']) accounts.add(user(name))
  expect(page(2, 'd')).toEqual(['e', '\uffee'])
  expect(page(2, '\uffee')).toEqual(['😀'])
  expect(page(2, '😀')).toEqual([])
})

it('keeps the list in order, whatever is added, changed and removed', () => {
  const accounts = new Accounts()
  let seed = 1
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % below
  }
  for (let step = 0; step < 2000; step++) {
    const name = String.fromCodePoint(0xe000 + random(0x20) + 0x10000 * random(2))
    const account = accounts.named(name)
    if (!account) accounts.add(user(name))
    else if (random(2)) accounts.put({ ...account, created: step })
    else accounts.remove(account)
    const fresh = accounts
      .list()
      .map(({ name }) => Buffer.from(name))
      .sort(Buffer.compare)
      .map(String)
    expect(accounts.list().map(({ name }) => name)).toEqual(fresh)
    expect(accounts.list().every((each) => accounts.named(each.name) === each)).toBe(true)
    expect(accounts.list()).toHaveLength(accounts.size)
  }
})
