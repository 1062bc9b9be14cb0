import { beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import { AbsentAccounts, type AbsentAccountsOptions } from '../../daemon/access/absent-accounts.ts'
import { type Account, Accounts, noLimits } from '../../daemon/access/accounts.ts'
import { formatPasswordHash, lostPassword, scryptParameters } from '../../daemon/access/password-hash.ts'
import { Usage } from '../../daemon/limits/usage.ts'
import type { StoredUsage, StoredUser } from '../../daemon/store/store.ts'
import { Turns } from '../../daemon/turns.ts'

const scryptHash = { ...scryptParameters, salt: Buffer.alloc(16), key: Buffer.alloc(32) }
const password = formatPasswordHash(scryptHash)

let accounts: Accounts
let stored: Map<string, StoredUser>
let busy: Set<string>
let entered: (readonly [string, number | undefined])[]
let left: string[]
let warned: string[]
let asked: string[]
let turns: Turns
/** Milliseconds; a second passes from one look at it to the next. */
let clock: number
let absent: AbsentAccounts
let options: AbsentAccountsOptions

beforeEach(() => {
  accounts = new Accounts(4)
  clock = 0
  stored = new Map(
    ['ann', 'bob', 'cid', 'dan', 'eve', 'fay'].map((name, i) => {
      return [name, { id: i + 1, name, password, enabled: true, created: 1, ...noLimits }]
    }),
  )
  accounts.isPartial = true
  accounts.absent = stored.size
  ;[busy, entered, left, warned, asked, turns] = [new Set(), [], [], [], [], new Turns()]
  options = {
    accounts,
    store: {
      async named(name) {
        asked.push(name)
        return stored.get(name)
      },
      count: async () => stored.size,
    },
    totals: async ([id = 0]) => [{ user: id, up: id, down: 0, mark: 0, marked: 0 }],
    turns,
    enter: ({ name }, moved) => entered.push([name, moved?.up]),
    isIdle: ({ name }) => !busy.has(name),
    leave: async ({ name }) => left.push(name),
    warn: (message) => warned.push(message),
    now: () => (clock += 1_000),
  }
  absent = new AbsentAccounts(options)
  onTestFinished(() => absent.close())
})

const names = (list: readonly Account[]) => list.map(({ name }) => name)

it('come by name with what they moved, and are asked for once', async () => {
  expect(await absent.bring('bob')).toMatchObject({ name: 'bob', id: 2, index: 1 })
  const before = asked.length
  expect(await absent.bring('bob')).toBe(accounts.named('bob'))
  expect(asked).toHaveLength(before)
  expect(entered).toEqual([['bob', 2]])
  expect(accounts.size).toBe(6)
})

it('come once, however many ask at once', async () => {
  const found = await Promise.all(Array.from({ length: 50 }, () => absent.bring('cid')))
  expect(new Set(found).size).toBe(1)
  expect(entered).toHaveLength(1)
})

it('who is nobody costs no turn of those who change users, and is not remembered', async () => {
  const turn = vi.spyOn(turns, 'take')
  expect(await absent.bring('xaver')).toBeUndefined()
  expect(turn).not.toHaveBeenCalled()
  stored.set('xaver', { ...(stored.get('bob') as StoredUser), id: 9, name: 'xaver' })
  expect(await absent.bring('xaver')).toMatchObject({ id: 9 })
})

it('are as the store has them when their turn comes', async () => {
  const turn = Promise.withResolvers<void>()
  void turns.take(() => turn.promise)
  const found = absent.bring('bob')
  stored.set('bob', { ...(stored.get('bob') as StoredUser), enabled: false })
  turn.resolve()
  expect(await found).toMatchObject({ enabled: false })
})

it('leave when there is no room, who came longest ago first, but not who is busy', async () => {
  for (const name of ['ann', 'bob', 'cid', 'dan']) await absent.bring(name)
  busy.add('bob')
  await absent.bring('eve')
  expect(left).toEqual(['ann', 'cid', 'dan'])
  expect(names(accounts.list())).toEqual(['bob', 'eve'])
  expect(accounts.size).toBe(6)
  expect(await absent.bring('ann')).toMatchObject({ name: 'ann' })
})

it('who leaves and comes again has moved what they had, quota mark included', async () => {
  const usage = new Usage({ save: async () => {}, list: async () => [], read: async () => [] })
  const kept = { user: 2, up: 70, down: 30, mark: 40, marked: 5 }
  const enter = (account: Account, moved?: StoredUsage) => {
    usage.begin(account)
    if (moved) usage.adopt(account.index, moved)
  }
  const other = new AbsentAccounts({ ...options, totals: async ([id]) => (id === 2 ? [kept] : []), enter })
  onTestFinished(() => other.close())
  const before = await other.bring('bob')
  for (const name of ['ann', 'cid', 'dan', 'eve', 'fay']) await other.bring(name)
  expect(accounts.named('bob')).toBeUndefined()
  const again = (await other.bring('bob')) as Account
  expect(again).not.toBe(before)
  expect(usage.of(again)).toEqual({ up: 70, down: 30, mark: 40, marked: 5 })
  expect(usage.used(again.index)).toBe(60)
})

it('do not come where all are busy, and that is told', async () => {
  for (const name of ['ann', 'bob', 'cid', 'dan']) {
    busy.add(name)
    await absent.bring(name)
  }
  await expect(absent.bring('eve')).rejects.toMatchObject({ kind: 'unavailable' })
  expect(warned).toEqual(['there is no room for more users: as many as can be are busy'])
})

it('are looked for once a second, where all are busy, however many log in', async () => {
  let now = 0
  const isIdle = vi.fn(options.isIdle)
  const other = new AbsentAccounts({ ...options, isIdle, now: () => now })
  onTestFinished(() => other.close())
  for (const name of ['ann', 'bob', 'cid', 'dan']) {
    busy.add(name)
    await other.bring(name)
  }
  const refused = async () => {
    for (const name of ['cyd', 'fay', 'cyd'])
      await expect(other.bring(name)).rejects.toMatchObject({ kind: 'unavailable' })
  }
  stored.set('cyd', { ...(stored.get('fay') as StoredUser), name: 'cyd', id: 7 })
  await refused()
  expect(isIdle).toHaveBeenCalledTimes(4)
  // Operators, who do not come many times a second, find who has become idle meanwhile.
  busy.delete('bob')
  await other.makeRoom(1)
  expect(await other.bring('eve')).toMatchObject({ name: 'eve' })
  busy.add('eve')
  isIdle.mockClear()
  now = 999
  await refused()
  expect(isIdle).not.toHaveBeenCalled()
  now = 1_000
  await refused()
  expect(isIdle).toHaveBeenCalledTimes(4)
})

it('are none as long as all fit, and then leave for those whom operators add', async () => {
  accounts = new Accounts(4)
  const other = new AbsentAccounts({ ...options, accounts })
  onTestFinished(() => other.close())
  for (const user of [...stored.values()].slice(0, 4)) accounts.add({ ...user, password: scryptHash })
  expect(other.bringAll(['eve'])).toBeUndefined()
  expect(await other.bring('eve')).toBeUndefined()
  expect(await other.bringFor('bob', claimant('far', 'bob'), () => true)).toBe(true)
  await other.makeRoom(0)
  expect([asked, warned, accounts.size]).toEqual([[], [], 4])
  busy.add('ann')
  await other.makeRoom(2)
  expect(warned).toEqual(['there are more users than fit in memory: from now on those are there who come'])
  expect(left).toEqual(['cid', 'dan', 'bob'])
  expect([accounts.isPartial, accounts.size, accounts.room]).toEqual([true, 6, 3])
  expect(await other.bring('eve')).toMatchObject({ name: 'eve' })
  await expect(other.makeRoom(4)).rejects.toMatchObject({ kind: 'unavailable' })
})

it('with a damaged password come, though nobody can log in as them, and that is told', async () => {
  stored.set('bob', { ...(stored.get('bob') as StoredUser), password: 'x' })
  expect(await absent.bring('bob')).toMatchObject({ name: 'bob', password: lostPassword })
  expect(warned).toEqual([expect.stringMatching(/^the stored password of "bob" is damaged, so nobody can log in /)])
})

const claimant = (source: string, name: string) => ({ source, name, standing: 'unknown' }) as const
const login = (name: string, source = 'far', isWaiting = () => true) =>
  absent.bringFor(name, claimant(source, name), isWaiting)

it('of a flood of made-up names from one source, others wait for no more than those under way', async () => {
  const flood = Array.from({ length: 3_000 }, (_, i) => login(`nobody${i}`))
  expect(await login('bob', 'near')).toBe(true)
  expect(asked.indexOf('bob')).toBeLessThan(18)
  const known = await Promise.all(flood)
  // The oldest of those that wait give way to the newest.
  expect(known.lastIndexOf(false)).toBe(3_000 - 1_024)
  expect(known.filter(Boolean)).toHaveLength(16 + 1_023)
})

it('an operator does not wait behind those who log in', async () => {
  const flood = Array.from({ length: 1_000 }, (_, i) => login(`nobody${i}`))
  expect(await absent.bring('bob')).toMatchObject({ name: 'bob' })
  expect(asked.indexOf('bob')).toBe(16)
  await Promise.all(flood)
})

it('whose client is gone when the turn comes are not asked for', async () => {
  const before = Array.from({ length: 16 }, (_, i) => login(`nobody${i}`))
  expect(await login('bob', 'far', () => false)).toBe(false)
  await Promise.all(before)
  expect(asked).not.toContain('bob')
})
