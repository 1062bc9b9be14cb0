import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Account, Accounts, noLimits } from '../../daemon/access/accounts.ts'
import { Groups } from '../../daemon/access/groups.ts'
import { LateChanges } from '../../daemon/access/late-changes.ts'
import { loadAccounts } from '../../daemon/access/load-accounts.ts'
import { formatPasswordHash, scryptParameters } from '../../daemon/access/password-hash.ts'
import { Passwords } from '../../daemon/access/passwords.ts'
import { LimitChanges } from '../../daemon/limits/limit-changes.ts'
import { LimitKeeper, type Lines } from '../../daemon/limits/limit-keeper.ts'
import { Usage } from '../../daemon/limits/usage.ts'
import type { Refusal } from '../../daemon/refusal.ts'
import { openStore } from '../../daemon/store/open-store.ts'
import { type Store, StoreError } from '../../daemon/store/store.ts'
import { Turns } from '../../daemon/turns.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const password = { ...scryptParameters, salt: Buffer.alloc(16), key: Buffer.alloc(32) }
const refusal = (kind: Refusal['kind'], text = '') =>
  expect.objectContaining({ name: 'Refusal', kind, message: expect.stringContaining(text) })

let folder: string
let store: Store
let accounts: Accounts
let groups: Groups
let changes: LimitChanges
/** By index: the line of each user as it was written last. */
let written: Map<number, Parameters<Lines['set']>[1]>
let obeyed: number
let late: LateChanges

beforeEach(async () => {
  folder = await temporaryFolder()
  store = await openStore(folder)
  onTestFinished(() => store.close())
  accounts = new Accounts()
  groups = new Groups()
  written = new Map()
  obeyed = 0
  late = new LateChanges(() => {}, 2 ** 31 - 1)
  changes = start()
  for (const name of ['ann', 'bob', 'cid']) await add(name)
})

async function add(name: string): Promise<void> {
  const user = { name, enabled: true, created: 0, ...noLimits }
  const id = await store.users.insert({ ...user, password: formatPasswordHash(password) })
  accounts.add({ ...user, password, id })
}

function start(stored: Pick<Store, 'users' | 'groups'> = store): LimitChanges {
  const lines: Lines = {
    set: (index, limits) => void written.set(index, limits),
    bar: () => {},
    setQuota: () => {},
    clear: () => {},
    sources: () => 0,
    refusals: () => 0,
  }
  const keeper = new LimitKeeper({ accounts, groups, usage: new Usage(store.usage), lines, tell: () => {} })
  const obey = async () => void obeyed++
  return new LimitChanges({ accounts, groups, keeper, store: stored, late, turns: new Turns(), obey })
}

/** Those that a daemon started now would have. */
async function restarted(): Promise<readonly Account[]> {
  await store.close()
  store = await openStore(folder)
  return (await loadAccounts(store, [], new Passwords(), { needed: [], warn() {} })).list()
}

const limitsOf = (name: string) => accounts.named(name)?.limits

it('begins no quota anew of which other nodes would not hear, for the clock is another one', async () => {
  changes.clockIs('2h00m ahead of that of the store')
  const refused = changes.resetQuota({ names: ['bob'] })
  await expect(refused).rejects.toThrow(
    /^the clock of this machine is 2h00m ahead of that of the store, .* on another node$/,
  )
  await expect(refused).rejects.toMatchObject({ kind: 'conflict' })
  expect(obeyed).toBe(0)
  changes.clockIs(undefined)
  expect(await changes.resetQuota({ names: ['bob'] })).toEqual({ reset: 1 })
})

describe('setting limits of users', () => {
  it('reads what people write, acts, and outlasts a restart', async () => {
    const fields = { 'rate-down': '10MB/s', 'max-connections': 5, sources: ['10.0.0.0/8', '::1'], quota: null }
    const result = await changes.set({ names: ['bob'], fields })
    const limits = { 'rate-down': 10_000_000, 'max-connections': 5, sources: ['10.0.0.0/8', '::1'], quota: null }
    const after = Object.fromEntries(Object.entries(limits).map(([name, value]) => [name, { value, from: 'user' }]))
    expect(result).toEqual({ changed: 1, revision: 1, stored: true, before: {}, after })
    expect(limitsOf('bob')).toEqual(limits)
    expect(written.get(2)).toMatchObject({ rateDown: 10_000_000, rateUp: undefined, maxConnections: 5 })
    expect(obeyed).toBe(1)
    expect((await restarted()).map(({ limits, revision }) => [limits, revision])).toEqual([
      [{}, 0],
      [limits, 1],
      [{}, 0],
    ])
  })

  it('takes one back, tells what it was, and leaves the others', async () => {
    await changes.set({ names: ['bob'], fields: { quota: '1GB', warn: 80 } })
    const result = await changes.set({ names: ['bob'], fields: { quota: '', 'max-sources': 3 } })
    expect(result).toEqual({
      changed: 1,
      revision: 2,
      stored: true,
      before: { quota: 1_000_000_000 },
      after: { 'max-sources': { value: 3, from: 'user' } },
    })
    expect(limitsOf('bob')).toEqual({ warn: 80, 'max-sources': 3 })
  })

  it('is about all of whom an expression is true', async () => {
    await changes.addGroup({ name: 'staff', fields: { quota: '1GB' } })
    await changes.set({ names: ['ann', 'bob'], fields: { group: 'staff' } })
    expect(await changes.set({ where: 'group=staff name=b*', fields: { warn: 90 } })).toMatchObject({ changed: 1 })
    expect([limitsOf('ann'), limitsOf('bob')]).toEqual([{ group: 'staff' }, { group: 'staff', warn: 90 }])
    expect(await changes.set({ where: 'quota=1000MB warn!=90', fields: { warn: 70 } })).toMatchObject({ changed: 1 })
    expect(limitsOf('ann')).toEqual({ group: 'staff', warn: 70 })
    expect(await changes.set({ where: 'group=default', fields: { note: 'x' } })).toMatchObject({ changed: 1 })
    expect(limitsOf('cid')).toEqual({ note: 'x' })
  })

  it('finds that nobody is meant by an expression of many asterisks at once', async () => {
    await add('a'.repeat(255))
    expect(await changes.set({ where: `name=${'*a'.repeat(200)}b`, fields: { warn: 1 } })).toMatchObject({ changed: 0 })
  })

  it.each([1e300, 1.5, -1])('refuses the moment %d, which nobody could be told', async (expires) => {
    await expect(changes.set({ names: ['bob'], fields: { expires } })).rejects.toEqual(refusal('invalid', 'expires is'))
    expect(limitsOf('bob')).toEqual({})
  })

  it('has users share what they shared before, so that many cost little', async () => {
    expect(await changes.set({ where: 'name=*', fields: { warn: 70 } })).toMatchObject({ changed: 3 })
    expect(limitsOf('ann')).toBe(limitsOf('cid'))
    await changes.set({ names: ['bob'], fields: { quota: '1GB' } })
    await changes.set({ where: 'name=*', fields: { 'max-sources': 2 } })
    expect(limitsOf('ann')).toBe(limitsOf('cid'))
    expect(['ann', 'bob'].map(limitsOf)).toEqual([
      { warn: 70, 'max-sources': 2 },
      { warn: 70, quota: 1_000_000_000, 'max-sources': 2 },
    ])
  })

  it('changes all of them or none', async () => {
    await expect(changes.set({ names: ['bob', 'nobody'], fields: { warn: 1 } })).rejects.toEqual(refusal('not_found'))
    await changes.set({ names: ['ann'], fields: { warn: 1 } })
    const both = { names: ['ann', 'bob'], fields: { warn: 2 } }
    await expect(changes.set({ ...both, ifRevision: 0 })).rejects.toEqual(refusal('conflict', 'since revision 0'))
    expect([limitsOf('ann'), limitsOf('bob')]).toEqual([{ warn: 1 }, {}])
    expect(await changes.set({ ...both, ifRevision: 1 })).toMatchObject({ changed: 2 })
  })

  it('changes nothing that cannot be stored', async () => {
    const full = new StoreError('failed', 'the disk is full')
    const users = { ...store.users, setLimits: () => Promise.reject(full) }
    const fails = () => Promise.reject(full)
    await changes.addGroup({ name: 'guests', fields: {} })
    obeyed = 0
    changes = start({ users, groups: { ...store.groups, put: fails, remove: fails } })
    await expect(changes.set({ names: ['bob'], fields: { cycle: 'day' } })).rejects.toBe(full)
    await expect(changes.addGroup({ name: 'staff', fields: {} })).rejects.toBe(full)
    await expect(changes.setGroup({ name: 'default', fields: { cycle: 'day' } })).rejects.toBe(full)
    await expect(changes.removeGroup('guests')).rejects.toBe(full)
    expect([limitsOf('bob'), groups.everybody.limits, obeyed]).toEqual([{}, {}, 0])
    expect(groups.list().map(({ name }) => name)).toEqual(['default', 'guests'])
  })

  it('acts at once by what only takes something away, and stores it when it can', async () => {
    let isFull = true
    const whenThereIsRoom =
      <Of extends unknown[]>(write: (...of: Of) => Promise<void>) =>
      (...of: Of) =>
        isFull ? Promise.reject(new StoreError('failed', 'the disk is full')) : write(...of)
    const [setLimits, put] = [vi.spyOn(store.users, 'setLimits'), vi.spyOn(store.groups, 'put')]
    const users = { ...store.users, setLimits: whenThereIsRoom(store.users.setLimits) }
    changes = start({ users, groups: { ...store.groups, put: whenThereIsRoom(store.groups.put) } })
    const fields = { quota: '1GB', 'max-connections': 5, note: 'x' }
    expect(await changes.set({ names: ['ann'], fields })).toMatchObject({ changed: 1, stored: false })
    expect(await changes.set({ names: ['ann', 'bob'], fields: { quota: '500MB' } })).toMatchObject({ stored: false })
    expect(await changes.setGroup({ name: 'default', fields: { 'rate-down': '1MB/s' } })).toMatchObject({
      stored: false,
    })
    expect(limitsOf('ann')).toEqual({ quota: 500_000_000, 'max-connections': 5, note: 'x' })
    expect([written.get(1)?.maxConnections, written.get(3)?.rateDown]).toEqual([5, 1_000_000])
    expect(late.waiting).toEqual(['the limits of users', 'group "default"'])
    for (const given of [{ quota: '2GB' }, { 'max-connections': '' }, { group: '', cycle: 'day' }])
      await expect(changes.set({ names: ['ann'], fields: given })).rejects.toMatchObject({ name: 'StoreError' })
    isFull = false
    await late.settle()
    expect(late.waiting).toEqual([])
    // What another daemon of a fleet has changed of the rest meanwhile is to stay.
    expect(setLimits.mock.calls).toMatchObject([
      [
        [
          { was: 0, fields: ['max-connections', 'quota', 'note'] },
          { was: 0, fields: ['quota'] },
        ],
      ],
    ])
    expect(put.mock.calls[0]?.[1]).toMatchObject({ was: 0, fields: ['rate-down'] })
    expect((await restarted()).map(({ name, limits }) => [name, limits.quota])).toEqual([
      ['ann', 500_000_000],
      ['bob', 500_000_000],
      ['cid', undefined],
    ])
    expect(await store.groups.list()).toMatchObject([{ name: 'default', limits: { 'rate-down': 1_000_000 } }])
  })

  it('makes a span a moment, unless it begins with the first use', async () => {
    const before = Date.now()
    await changes.set({ names: ['bob'], fields: { expires: '30d' } })
    expect(Number(limitsOf('bob')?.expires) - before - 30 * 86_400_000).toBeLessThan(60_000)
    await changes.set({ names: ['cid'], fields: { expires: '30d', starts: 'first-use' } })
    await changes.cameFirst(accounts.named('cid') as Account, 7)
    expect(accounts.named('cid')).toMatchObject({ limits: { expires: '30d' }, firstUsed: 7 })
    expect((await restarted())[2]).toMatchObject({ firstUsed: 7 })
  })

  it.each(['99999999d', '999999999w', '1.00000001d', '0.3ms'])('makes %s a moment that there is', async (expires) => {
    await changes.set({ names: ['bob'], fields: { expires } })
    const moment = Number(limitsOf('bob')?.expires)
    expect(new Date(moment).getTime()).toBe(moment)
  })

  it.each([
    [{ speed: 1 }, 'there is no limit "speed"'],
    [{ quota: 'much' }, 'quota is bytes'],
    [{ warn: 101 }, 'warn is a number from 1 to 100'],
    [{ sources: '10.0.0.1/8' }, 'has bits behind its prefix'],
    [{ egress: '-x' }, 'egress is addresses'],
    [{ egress: '0.0.0.0' }, 'egress is addresses'],
    [{ 'time-zone': 'Mars/North' }, 'time-zone is a time zone'],
  ])('refuses %j', async (fields, text) => {
    await expect(changes.set({ names: ['bob'], fields })).rejects.toEqual(refusal('invalid', text))
  })

  it.each(['', 'staff', 'speed=1', 'quota=much'])('refuses the expression %j', async (where) => {
    await expect(changes.set({ where, fields: {} })).rejects.toEqual(refusal('invalid'))
  })

  it('refuses a group that there is not, and both names and an expression, or neither', async () => {
    await expect(changes.set({ names: ['bob'], fields: { group: 'x' } })).rejects.toEqual(refusal('not_found'))
    await expect(changes.set({ fields: {} })).rejects.toEqual(refusal('invalid', 'either'))
    await expect(changes.set({ names: ['bob'], where: 'name=bob', fields: {} })).rejects.toEqual(refusal('invalid'))
  })
})

describe('groups', () => {
  it('change what their members have, and no one else', async () => {
    await changes.addGroup({ name: 'staff', fields: { 'rate-up': '1MB/s' } })
    await changes.set({ names: ['ann', 'bob'], fields: { group: 'staff' } })
    await changes.set({ names: ['bob'], fields: { 'rate-up': 'none' } })
    written.clear()
    const change = { name: 'staff', fields: { 'rate-up': '2MB/s', 'max-sources': 3 } }
    expect(await changes.setGroup(change)).toEqual({
      members: 2,
      revision: 4,
      stored: true,
      before: { 'rate-up': 1_000_000 },
    })
    expect([...written.keys()]).toEqual([1, 2])
    expect(written.get(1)).toMatchObject({ rateUp: 2_000_000, maxSources: 3, group: 1 })
    expect(written.get(2)).toMatchObject({ rateUp: undefined, maxSources: 3, group: 1 })
    await changes.setGroup({ name: 'default', fields: { 'max-connections': 9 } })
    expect([1, 2, 3].map((index) => written.get(index)?.maxConnections)).toEqual([9, 9, 9])
    expect(changes.groups().map(({ name, members }) => [name, members])).toEqual([
      ['default', 1],
      ['staff', 2],
    ])
    expect(new Groups(await store.groups.list()).named('staff')?.limits).toEqual({
      'rate-up': 2_000_000,
      'max-sources': 3,
    })
  })

  it('go when nobody is in them, but for the one of everybody', async () => {
    await changes.addGroup({ name: 'staff', fields: {} })
    await changes.set({ names: ['ann'], fields: { group: 'staff' } })
    await expect(changes.removeGroup('staff')).rejects.toEqual(refusal('conflict', 'has 1 user:'))
    await changes.set({ names: ['ann'], fields: { group: 'none' } })
    await changes.removeGroup('staff')
    expect(await store.groups.list()).toEqual([])
    await expect(changes.removeGroup('staff')).rejects.toEqual(refusal('not_found'))
    await expect(changes.removeGroup('default')).rejects.toEqual(refusal('conflict'))
  })

  it('are refused by a name that there is, or that is none, or by too many of them', async () => {
    await expect(changes.addGroup({ name: 'default', fields: {} })).rejects.toEqual(refusal('exists'))
    for (const name of ['a b', '', ' ', 'none', ' staff'])
      await expect(changes.addGroup({ name, fields: {} })).rejects.toEqual(refusal('invalid'))
    await expect(changes.addGroup({ name: 'x', fields: { group: 'y' } })).rejects.toEqual(refusal('invalid'))
    for (let i = 0; i < 1000; i++) groups.put({ name: `g${i}`, limits: {}, revision: 0 })
    await expect(changes.addGroup({ name: 'x', fields: {} })).rejects.toEqual(refusal('conflict'))
  })

  it('are not changed over by two who change them at once', async () => {
    await changes.setGroup({ name: 'default', fields: { warn: 1 } })
    const [one, other] = await Promise.allSettled(
      [2, 3].map((warn) => changes.setGroup({ name: 'default', fields: { warn }, ifRevision: 1 })),
    )
    expect([one?.status, other?.status]).toEqual(['fulfilled', 'rejected'])
    expect(groups.everybody.limits).toEqual({ warn: 2 })
  })
})
