import { beforeEach, describe, expect, it } from 'vitest'
import { type Account, Accounts, noLimits } from '../../daemon/access/accounts.ts'
import { Groups } from '../../daemon/access/groups.ts'
import { scryptParameters } from '../../daemon/access/password-hash.ts'
import { LimitKeeper, type Lines } from '../../daemon/limits/limit-keeper.ts'
import { Usage } from '../../daemon/limits/usage.ts'
import { parseNetwork } from '../../daemon/net/network.ts'
import type { StoredUsage } from '../../daemon/store/store.ts'
import { damagedLimits, usageWidth } from '../../daemon/store/store.ts'
import type { Limits } from '../../shared/limits.ts'

const password = { ...scryptParameters, salt: Buffer.alloc(16), key: Buffer.alloc(32) }
const day = 86_400_000
const start = Date.parse('2026-11-29T12:00Z')

let now: number
let down: number
let connections: number
let accounts: Accounts
let groups: Groups
let usage: Usage
let stored: Map<number, StoredUsage>
let line: { barred: unknown; left: unknown }
let told: string[]
/** Why Bob was barred when live connections were to obey. */
let obeyed: unknown[]
let came: number[]

beforeEach(() => {
  now = start
  down = 0
  connections = 0
  accounts = new Accounts()
  groups = new Groups()
  stored = new Map()
  usage = newUsage()
  line = { barred: undefined, left: undefined }
  told = []
  obeyed = []
  came = []
})

function newUsage(): Usage {
  return new Usage({
    list: async () => [...stored.values()],
    save: async ({ rows }) => {
      for (let at = 0; at < rows.length; at += usageWidth) {
        const [user = 0, up = 0, down = 0, mark = 0, marked = 0] = rows.slice(at)
        stored.set(user, { user, up, down, mark, marked })
      }
    },
    read: async () => [],
  })
}

const lines: Lines = {
  set: () => {},
  bar(_, why) {
    line.barred = why
  },
  setQuota(_, left) {
    line.left = left
  },
  clear: () => {},
  sources: () => 0,
  refusals: () => 0,
}

/** Bob with these limits, and who keeps them. */
function begin(limits: Limits, more: Partial<Account> = {}) {
  const bob = accounts.add({
    ...{ name: 'bob', id: 7, password, enabled: true, created: start - day, ...noLimits, ...more },
    limits,
  })
  usage.begin(bob)
  usage.follow({ of: () => ({ up: 0, down }), up: () => 0, down: (index) => (index > 0 ? down : 0), ended: () => 0 })
  const keeper = new LimitKeeper({ accounts, groups, usage, lines, tell: (text) => told.push(text), now: () => now })
  keeper.follow({
    connections: () => connections,
    obey: async () => void obeyed.push(line.barred),
    cameFirst: async (_, at) => void came.push(at),
  })
  keeper.stop()
  const set = (next: Limits, firstUsed: number | null = null) => {
    const account = { ...(accounts.named('bob') as Account), limits: next, firstUsed }
    accounts.put(account)
    keeper.write(account)
  }
  const use = () => keeper.usageOf(accounts.named('bob') as Account)
  return { bob, keeper, set, use }
}

describe('what is damaged', () => {
  it('keeps out who has it, and is told once, until it is set anew', async () => {
    groups.put({ name: 'staff', limits: { sources: ['nowhere'] }, revision: 1 })
    const { keeper, bob, set } = begin({ group: 'staff', 'max-connections': '5' })
    await Promise.resolve()
    keeper.write(bob)
    await Promise.resolve()
    expect(told).toEqual([
      'limits in the store are damaged (max-connections of the user "bob"; sources of the group "staff"): whoever has them ' +
        "counts as expired until they are set anew with 'users set' or 'groups set', expires last",
    ])
    expect(line.barred).toBe('expired')
    set({ group: 'staff', 'max-connections': 5 })
    expect(line.barred).toBe('expired')
    groups.put({ name: 'staff', limits: { sources: ['10.0.0.0/8'] }, revision: 2 })
    set({ group: 'staff', 'max-connections': 5 })
    expect(line.barred).toBeUndefined()
  })

  it('may be all that there was', async () => {
    begin(damagedLimits)
    await Promise.resolve()
    expect([line.barred, told]).toEqual(['expired', [expect.stringContaining('(all of the user "bob")')]])
  })
})

describe('a quota', () => {
  it('counts from when there is one, tops up what is left, and cuts', () => {
    down = 5000
    const { keeper, use } = begin({ quota: 10_240 })
    expect([line.left, use().used]).toEqual([10, 0])
    down += 9216
    keeper.look()
    expect([line.left, line.barred, use().used]).toEqual([1, undefined, 9216])
    down += 1024
    connections = 1
    keeper.look()
    expect([line.left, line.barred, use().ended]).toEqual([0, 'quota', 'quota'])
    expect(obeyed).toEqual(['quota'])
    keeper.look()
    expect(obeyed).toHaveLength(1)
    expect(told).toEqual(['user "bob" has used up the quota, and is cut off'])
  })

  it('is not begun anew by another limit, or by none for a while', () => {
    const { keeper, set, use } = begin({ quota: 10_240 })
    down = 10_240
    keeper.look()
    set({ quota: 20_480 })
    expect([line.left, line.barred, use().used]).toEqual([10, undefined, 10_240])
    set({})
    expect(line.left).toBeUndefined()
    set({ quota: 10_240 })
    expect(line.barred).toBe('quota')
  })

  it('begins anew by a reset', async () => {
    const { bob, keeper, use } = begin({ quota: 1000 })
    down = 1000
    keeper.look()
    expect(line.barred).toBe('quota')
    await keeper.reset([bob])
    expect([line.barred, use().used, use().ended]).toEqual([undefined, 0, null])
  })

  it('begins anew with each cycle, whose beginning is what its mark is known by', () => {
    const { bob, keeper, use } = begin({ quota: 1000, cycle: 'month', 'cycle-day': 30 })
    expect(use().cycleEnds).toBe(Date.parse('2026-11-30T00:00Z'))
    down = 1000
    keeper.look()
    expect(line.barred).toBe('quota')
    now = Date.parse('2026-11-30T00:07Z')
    keeper.look()
    expect([line.barred, use().used, use().cycleEnds]).toEqual([undefined, 0, Date.parse('2026-12-30T00:00Z')])
    expect(usage.marked(bob.index)).toBe(Date.parse('2026-11-30T00:00Z'))
  })

  it('tells once who is near it', () => {
    const { keeper } = begin({ quota: 1000, warn: 80 })
    for (down of [799, 800, 900]) keeper.look()
    expect(told).toEqual(['user "bob" has used 80 % of the quota'])
  })

  it('is there again after a restart, also over a cycle that ended meanwhile', async () => {
    const { keeper } = begin({ quota: 1000, cycle: 'day' })
    down = 900
    keeper.look()
    await usage.save(now)
    down = 0
    usage = newUsage()
    usage.load(accounts.list(), [...stored.values()])
    const again = () =>
      new LimitKeeper({ accounts, groups, usage, lines, tell: () => {}, now: () => now }).usageOf(
        accounts.named('bob') as Account,
      ).used
    expect(again()).toBe(900)
    now += day
    expect(again()).toBe(0)
  })
})

describe('an expiry', () => {
  it('bars at its time, cuts whoever is there, and lets in again by a later one', () => {
    const { keeper, set, use } = begin({ expires: start + 1000 })
    connections = 1
    keeper.look()
    expect([line.barred, use().expires]).toEqual([undefined, start + 1000])
    now += 1000
    keeper.look()
    expect([line.barred, use().ended, obeyed]).toEqual(['expired', 'expired', ['expired']])
    set({ expires: start + day })
    expect([line.barred, use().ended]).toEqual([undefined, null])
    keeper.look()
    expect(obeyed).toHaveLength(1)
  })

  it('of a group counts from when its members were added', () => {
    groups.put({ name: 'guests', limits: { expires: '2d' }, revision: 1 })
    const { use } = begin({ group: 'guests' })
    expect(use().expires).toBe(start + day)
  })

  it.each([
    ['999999999d', 8.64e15],
    ['1.00000001d', start + 1],
  ])('of a group by the span %s is at a moment that there is', (expires, moment) => {
    groups.put({ name: 'guests', limits: { expires }, revision: 1 })
    expect(begin({ group: 'guests' }).use().expires).toBe(moment)
  })

  it('counts from the first use', () => {
    const limits = { expires: '30d', starts: 'first-use' }
    const { keeper, set, use } = begin(limits)
    keeper.look()
    expect([use().expires, came]).toEqual([null, []])
    now += day
    connections = 1
    keeper.look()
    keeper.look()
    expect(came).toEqual([start + day])
    set(limits, start + day)
    expect(use().expires).toBe(start + 31 * day)
  })
})

it('writes nothing of its start to the log', () => {
  const { keeper } = begin({ expires: start - 1 })
  keeper.look()
  expect(line.barred).toBe('expired')
  expect(told).toEqual([])
})

it('starts the line of an index from nothing for its next owner', () => {
  const { bob, keeper } = begin({ quota: 0 })
  expect(line.barred).toBe('quota')
  accounts.remove(bob)
  accounts.release(bob.index)
  keeper.begin({ ...bob, name: 'ann', limits: {} })
  expect([line.barred, line.left]).toEqual([undefined, undefined])
})

describe('where a user comes from and leaves from', () => {
  const ways = (sources: readonly string[], egress: readonly string[]) => ({ sources, egress, quota: 1000 })
  const index = 1

  it('is told as it changes, and only then, of whom it changes', () => {
    const limits = ways(['10.0.0.0/8'], ['192.0.2.1'])
    const { keeper, set } = begin(limits)
    const eve = accounts.add({
      ...{ name: 'eve', id: 8, password, enabled: true, created: start },
      ...noLimits,
      limits,
    })
    const from = [parseNetwork('10.0.0.0/8')]
    const egress = { from: limits.egress, mode: 'sticky' }
    expect(keeper.takeWays()).toEqual({ sources: new Map([[index, from]]), egress: new Map([[index, egress]]) })
    down = 2000
    keeper.look()
    expect([keeper.takeWays(), obeyed.length]).toEqual([undefined, 1])
    keeper.begin(eve)
    expect(keeper.takeWays()?.sources).toEqual(new Map([[eve.index, from]]))
    set({ quota: 1000 })
    const none = new Map([[index, undefined]])
    expect(keeper.takeWays()).toEqual({ sources: none, egress: none })
    expect(keeper.takeWays()).toBeUndefined()
  })
})
