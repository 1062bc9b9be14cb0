import { expect, it, onTestFinished, vi } from 'vitest'
import { type Account, Accounts, noLimits } from '../../daemon/access/accounts.ts'
import { scryptParameters } from '../../daemon/access/password-hash.ts'
import { UserTraffic } from '../../daemon/observe/user-traffic.ts'
import { ObservedUsers, type UserChanges } from '../../daemon/observe/users.ts'
import { unlimited } from '../helpers/user-row.ts'
import { FakeLoop } from './fake-loop.ts'

const password = { ...scryptParameters, salt: Buffer.alloc(16), key: Buffer.alloc(32) }

const { use, ...none } = unlimited

function begin(...names: string[]) {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const loop = new FakeLoop()
  const accounts = new Accounts()
  const traffic = new UserTraffic([loop.table])
  const limits = { of: () => none, usageOf: () => use }
  const users = new ObservedUsers(accounts, limits, traffic)
  const add = (name: string, created = 0) => {
    const account = accounts.add({ name, password, id: 1, enabled: true, created, ...noLimits })
    traffic.begin(account.index)
    return account
  }
  const remove = (name: string) => {
    const account = accounts.named(name)
    if (account === undefined) throw new Error(`no ${name}`)
    accounts.remove(account)
    accounts.release(account.index)
  }
  for (const name of names) add(name)
  return { loop, accounts, traffic, users, add, remove }
}

function row(name: string, more: object = {}) {
  return { name, enabled: true, stored: true, created: 0, connections: 0, up: 0, down: 0, ...unlimited, ...more }
}

/** What is heard from now on, and what a follower has who began with `rows` and obeys. */
function follow(users: ObservedUsers<Account>) {
  const heard: UserChanges[] = []
  const { stop } = users.watch((changes) => void heard.push(changes))
  const table = new Map(users.rows.map((each) => [each.name, each]))
  const obeyed = () => {
    for (const { changed, moved, removed } of heard) {
      for (const each of changed) table.set(each.name, each)
      for (const [name, connections, up, down, sources, used, refused] of moved) {
        const before = table.get(name) ?? row(name)
        table.set(name, { ...before, connections, up, down, use: { ...before.use, sources, used, refused } })
      }
      for (const name of removed) table.delete(name)
    }
    return [...table.values()].sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))
  }
  return { heard, stop, obeyed }
}

it('gives pages with what users move', () => {
  const { loop, users } = begin('bob', 'ann')
  loop.begin(0, { serial: 1 })
  loop.login(0, 1)
  loop.move(0, 2, 3)
  expect(users.page(1)).toEqual([row('ann')])
  expect(users.page(5, 'ann')).toEqual([row('bob', { connections: 1, up: 2, down: 3 })])
})

it('makes rows of a page only, however many users there are', () => {
  const { users, traffic } = begin(...Array.from({ length: 5000 }, (_, i) => `u${i}`))
  const looks = vi.spyOn(traffic, 'of')
  expect(users.page(3, 'u2000')).toHaveLength(3)
  expect(looks).toHaveBeenCalledTimes(3)
})

it('tells nothing while nothing changes, and then just that', () => {
  const { loop, users, accounts, add, remove } = begin('ann', 'bob', 'cid')
  const { heard } = follow(users)
  expect(users.rows.map(({ name }) => name)).toEqual(['ann', 'bob', 'cid'])
  vi.advanceTimersByTime(2000)
  expect(heard).toEqual([])
  loop.begin(0, { serial: 1 })
  loop.login(0, 2)
  loop.move(0, 5, 7)
  add('dan')
  remove('cid')
  const ann = accounts.named('ann')
  if (ann) accounts.put({ ...ann, enabled: false })
  vi.advanceTimersByTime(500)
  expect(heard).toEqual([
    { changed: [row('ann', { enabled: false }), row('dan')], moved: [['bob', 1, 5, 7, 0, 0, 0]], removed: ['cid'] },
  ])
})

it('tells of a user who is removed and added again as changed, not as gone', () => {
  const { users, add, remove } = begin('ann', 'bob')
  const { heard } = follow(users)
  remove('ann')
  add('ann', 5)
  vi.advanceTimersByTime(500)
  expect(heard).toEqual([{ changed: [row('ann', { created: 5 })], moved: [], removed: [] }])
})

it('keeps each follower in step, whatever happens', () => {
  const { loop, accounts, users, add, remove } = begin()
  let seed = 7
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % below
  }
  const followers = [follow(users)]
  for (let step = 1; step < 500; step++) {
    const name = `u${random(30)}`
    const account = accounts.named(name)
    if (!account) add(name, step)
    else if (random(3) === 0) remove(name)
    else if (random(2)) accounts.put({ ...account, enabled: !account.enabled })
    else loop.table.userUp[account.index] = step
    if (random(4) === 0) vi.advanceTimersByTime(500)
    if (step === 250) followers.push(follow(users))
  }
  vi.advanceTimersByTime(500)
  for (const { obeyed } of followers) expect(obeyed()).toEqual(users.page(100))
})

it('looks only while somebody watches', () => {
  const { users } = begin('ann')
  const one = follow(users)
  const two = follow(users)
  one.stop()
  one.stop()
  expect(vi.getTimerCount()).toBe(1)
  two.stop()
  expect(vi.getTimerCount()).toBe(0)
  expect(users.rows).toEqual([])
})
