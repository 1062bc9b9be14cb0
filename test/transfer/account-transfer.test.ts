import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { type Account, Accounts, noLimits } from '../../daemon/access/accounts.ts'
import { Groups } from '../../daemon/access/groups.ts'
import { LateChanges } from '../../daemon/access/late-changes.ts'
import { loadAccounts } from '../../daemon/access/load-accounts.ts'
import { formatPasswordHash, scryptParameters } from '../../daemon/access/password-hash.ts'
import { LimitChanges } from '../../daemon/limits/limit-changes.ts'
import { LimitKeeper, type Lines } from '../../daemon/limits/limit-keeper.ts'
import { Usage } from '../../daemon/limits/usage.ts'
import type { Refusal } from '../../daemon/refusal.ts'
import { openStore } from '../../daemon/store/open-store.ts'
import { type Store, type StoredUsage, StoreError } from '../../daemon/store/store.ts'
import { AccountTransfer } from '../../daemon/transfer/account-transfer.ts'
import { Turns } from '../../daemon/turns.ts'
import type { KeptUser } from '../../shared/protocol/methods.ts'
import { QuickPasswords } from '../helpers/quick-passwords.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const passwords = new QuickPasswords()
const key = { ...scryptParameters, salt: Buffer.alloc(16), key: Buffer.alloc(32, 1) }
const hash = formatPasswordHash(key)
const otherHash = formatPasswordHash({ ...key, salt: Buffer.alloc(16, 7) })
const refusal = (kind: Refusal['kind'], text: string) =>
  expect.objectContaining({ kind, message: expect.stringContaining(text) })

const ann: KeptUser = {
  name: 'ann',
  hash,
  enabled: true,
  created: 5,
  limits: { group: 'kids', expires: '30d', starts: 'first-use', sources: ['10.0.0.0/8'] },
  firstUsed: 1_700_000_000_000,
  used: { up: 10, down: 20, mark: 25, marked: 1_700_000_000_000 },
}
const bob: KeptUser = { name: 'bob', hash: otherHash, enabled: false, created: 6 }
const kids = { name: 'kids', limits: { 'rate-down': 1_000_000, quota: null } }

/** Users and groups of one daemon. */
class House {
  readonly accounts = new Accounts()
  readonly groups = new Groups()
  readonly transfer: AccountTransfer
  readonly usage: Usage
  readonly limits: LimitChanges
  /** What the loops were told. */
  readonly told: string[] = []
  /** By index. */
  readonly written = new Map<number, Parameters<Lines['set']>[1]>()

  constructor(
    store: Pick<Store, 'imports' | 'users' | 'groups' | 'usage'>,
    makeRoom?: (users: number) => Promise<void>,
    totals?: (ids: readonly number[]) => Promise<readonly StoredUsage[]>,
  ) {
    const { accounts, groups } = this
    const lines: Lines = {
      set: (index, limits) => void this.written.set(index, limits),
      bar: () => {},
      setQuota: () => {},
      clear: () => {},
      sources: () => 0,
      refusals: () => 0,
    }
    this.usage = new Usage(store.usage)
    const { usage } = this
    const keeper = new LimitKeeper({ accounts, groups, usage, lines, tell: () => {} })
    const turns = new Turns()
    const late = new LateChanges(() => {})
    const obey = async () => void this.told.push('obey')
    this.limits = new LimitChanges({ accounts, groups, keeper, store, late, turns, obey })
    this.transfer = new AccountTransfer({
      ...{ accounts, groups, limits: this.limits, keeper, usage, passwords, store, turns, obey, makeRoom, totals },
      late,
      begin: (account) => keeper.begin(account),
      loops: {
        userChanged: async ({ user, cut, passwordRequired }) => {
          this.told.push(`${cut ? 'cut' : 'forget'} ${user}, ${passwordRequired ? 'password' : 'open'}`)
          return cut ? 3 : 0
        },
      },
      passwordRequired: () => accounts.size > 0,
    })
  }

  async users(): Promise<KeptUser[]> {
    return (await this.transfer.export({})).users
  }
}

let folder: string
let store: Store
let house: House

beforeEach(async () => {
  folder = await temporaryFolder()
  store = await openStore(folder)
  onTestFinished(() => store.close())
  house = new House(store)
})

describe('what is brought here', () => {
  it('is as it was elsewhere, acts, and outlasts a restart', async () => {
    const { changes, cut } = await house.transfer.import({ groups: [kids], users: [ann, bob] })
    expect(changes).toEqual([
      { of: 'group', name: 'kids', isNew: true, fields: {} },
      { of: 'user', name: 'ann', isNew: true, fields: {} },
      { of: 'user', name: 'bob', isNew: true, fields: {} },
    ])
    expect(cut).toBe(0)
    expect(await house.users()).toEqual([ann, bob])
    expect(house.groups.named('kids')).toMatchObject(kids)
    expect(house.written.get(1)).toMatchObject({ group: 1, rateDown: 1_000_000 })
    expect(house.told).toEqual(['obey', 'forget 0, password'])

    await store.close()
    store = await openStore(folder)
    const accounts = await loadAccounts(store, [], passwords, { needed: [], warn() {} })
    expect(accounts.list().map(({ name, enabled, limits }) => ({ name, enabled, limits }))).toEqual([
      { name: 'ann', enabled: true, limits: ann.limits },
      { name: 'bob', enabled: false, limits: {} },
    ])
    expect(await store.groups.list()).toMatchObject([kids])
    expect(await store.usage.list()).toMatchObject([{ user: 1, ...ann.used }])
  })

  it('changes nothing the second time, and stores nothing', async () => {
    await house.transfer.import({ groups: [kids], users: [ann, bob] })
    house.told.length = 0
    const result = await house.transfer.import({ groups: [kids], users: [ann, bob] })
    expect(result).toEqual({ changes: [], cut: 0 })
    expect(house.told).toEqual([])
  })

  it('tells what is not as before, and has the loops forget, and cut who is disabled', async () => {
    await house.transfer.import({ groups: [kids], users: [ann, { ...bob, enabled: true }] })
    house.told.length = 0
    const { used, ...others } = ann
    const result = await house.transfer.import({
      groups: [{ ...kids, limits: { quota: 5 } }],
      users: [
        { ...others, hash: otherHash, limits: { ...ann.limits, quota: 7 }, used: { ...used, up: 99 } as typeof used },
        { name: 'bob', enabled: false },
      ],
    })
    expect(result).toEqual({
      changes: [
        {
          of: 'group',
          name: 'kids',
          isNew: false,
          fields: { 'rate-down': { before: 1_000_000, after: undefined }, quota: { before: null, after: 5 } },
        },
        {
          of: 'user',
          name: 'ann',
          isNew: false,
          fields: { quota: { before: undefined, after: 7 }, password: {} },
        },
        { of: 'user', name: 'bob', isNew: false, fields: { enabled: { before: true, after: false } } },
      ],
      cut: 3,
    })
    expect(house.told).toEqual(['obey', 'forget 1, password', 'cut 2, password'])
    expect(await house.users()).toEqual([{ ...ann, hash: otherHash, limits: { ...ann.limits, quota: 7 } }, bob])
  })

  it('has passwords, too, in place of their hashes', async () => {
    await house.transfer.import({ users: [{ name: 'cid', password: 'gravel-tulip-93' }] })
    const cid = house.accounts.named('cid') as Account
    const isRight = (password: string) =>
      passwords.matches(Buffer.from(password), cid.password, { source: '', name: '', standing: 'known' }, () => true)
    expect([await isRight('gravel-tulip-93'), await isRight('another')]).toEqual([true, false])
  })

  it('has a revision that no change has had', async () => {
    await house.transfer.import({ users: [{ name: 'cid', hash, limits: { quota: 1 } }] })
    await expect(house.limits.set({ names: ['cid'], fields: { quota: 2 }, ifRevision: 0 })).rejects.toEqual(
      refusal('conflict', 'somebody has changed'),
    )
    expect(await house.limits.set({ names: ['cid'], fields: { quota: 2 }, ifRevision: 1 })).toMatchObject({
      revision: 2,
    })
  })
})

describe('a dry run', () => {
  it('tells the difference and makes none', async () => {
    await house.transfer.import({ groups: [kids], users: [ann] })
    const before = [await house.users(), await store.users.list(), [...house.told]]
    const { changes } = await house.transfer.import({
      groups: [{ name: 'staff', limits: {} }],
      users: [
        { ...ann, enabled: false },
        { name: 'new', password: 'x' },
      ],
      dryRun: true,
    })
    expect(changes.map(({ name, isNew }) => [name, isNew])).toEqual([
      ['staff', true],
      ['ann', false],
      ['new', true],
    ])
    expect([await house.users(), await store.users.list(), house.told]).toEqual(before)
    expect(house.groups.named('staff')).toBeUndefined()
  })

  it('takes groups that are expected for there, and only then', async () => {
    const users = [{ name: 'cid', hash, limits: { group: 'staff' } }]
    expect((await house.transfer.import({ users, expected: ['staff'], dryRun: true })).changes).toHaveLength(1)
    await expect(house.transfer.import({ users, expected: ['staff'] })).rejects.toEqual(
      refusal('conflict', 'the group "staff", which there is not'),
    )
  })
})

describe('all of a call or none: it is refused', () => {
  it.each([
    ['a user in a group that is not there', { name: 'x', hash, limits: { group: 'staff' } }, 'conflict', 'staff'],
    ['a new user without a password', { name: 'x' }, 'invalid', 'the user "x" is new'],
    ['a hash that is none', { name: 'x', hash: '$1$abc' }, 'invalid', 'the hash of the user "x"'],
    ['a limit that there is not', { name: 'x', hash, limits: { warp: 9 } }, 'invalid', '"warp"'],
    ['a value that makes no sense', { name: 'x', hash, limits: { quota: 'much' } }, 'invalid', 'much'],
    ['a user who is there twice', { name: 'ann', hash }, 'invalid', '"ann" is there twice'],
  ] as const)('for %s', async (_, user, kind, text) => {
    const wish = { groups: [kids], users: [{ name: 'ann', hash }, user] }
    await expect(house.transfer.import(wish)).rejects.toEqual(refusal(kind, text))
    expect([await house.users(), house.told]).toEqual([[], []])
    expect([await store.users.list(), await store.groups.list()]).toEqual([[], []])
    expect(house.groups.named('kids')).toBeUndefined()
  })

  it('for a user who was given with --user, who is in no export either', async () => {
    house.accounts.add({ name: 'guest', password: key, enabled: true, created: 0, id: undefined, ...noLimits })
    await expect(house.transfer.import({ users: [{ name: 'guest', hash }] })).rejects.toEqual(
      refusal('conflict', 'given with --user'),
    )
    expect(await house.users()).toEqual([])
  })

  it('for want of room, which is made for those who are new', async () => {
    const room: number[] = []
    const full = new House(store, async (users) => {
      room.push(users)
      if (users > 1) throw new StoreError('failed', 'no room')
    })
    await full.transfer.import({ users: [{ name: 'ann', hash }] })
    await full.transfer.import({ users: [{ name: 'ann', hash }] })
    await expect(full.transfer.import({ users: ['bob', 'cid'].map((name) => ({ name, hash })) })).rejects.toThrow(
      'no room',
    )
    expect(room).toEqual([1, 0, 2])
    expect((await store.users.list()).map(({ name }) => name)).toEqual(['ann'])
  })

  it('for more users, or groups, than there can be', async () => {
    for (let i = 0; i < 65_534; i++)
      house.accounts.add({ name: `user${i}`, password: key, enabled: true, created: 0, id: i + 1, ...noLimits })
    await expect(
      house.transfer.import({ users: [ann, bob].map(({ name, hash }) => ({ name, hash })) }),
    ).rejects.toEqual(refusal('conflict', 'room for 1 more users, and these are 2'))
    const oneMore = { users: [{ name: 'ann', hash }], ahead: { groups: 0, users: 1 } }
    await expect(house.transfer.import({ ...oneMore, dryRun: true })).rejects.toEqual(
      refusal('conflict', 'room for 1 more users, and these are 2'),
    )
    const groups = Array.from({ length: 1001 }, (_, i) => ({ name: `group${i}`, limits: {} }))
    await expect(house.transfer.import({ groups })).rejects.toEqual(refusal('conflict', 'room for 1000 more groups'))
  })

  it('where the disk does not take it', async () => {
    const full = new StoreError('failed', 'the disk is full')
    const refusing = new House({
      ...store,
      users: store.users,
      groups: store.groups,
      usage: store.usage,
      imports: { save: () => Promise.reject(full) },
    })
    await expect(refusing.transfer.import({ groups: [kids], users: [ann] })).rejects.toBe(full)
    expect([await refusing.users(), refusing.told, refusing.groups.named('kids')]).toEqual([[], [], undefined])
  })
})

it('an export has pages, which a user given with --user does not end', async () => {
  house.accounts.add({ name: 'bob1', password: key, enabled: true, created: 0, id: undefined, ...noLimits })
  await house.transfer.import({
    users: [
      { ...bob, name: 'bob0' },
      { ...bob, name: 'bob2' },
    ],
  })
  const first = await house.transfer.export({ limit: 2 })
  expect(first).toEqual({ users: [{ ...bob, name: 'bob0' }], next: 'bob1' })
  expect(await house.transfer.export({ limit: 2, cursor: first.next })).toEqual({ users: [{ ...bob, name: 'bob2' }] })
})

it('an export of a fleet has what users have moved on all nodes', async () => {
  const totals = async () => store.usage.list()
  const [here, there] = [new House(store, undefined, totals), new House(store, undefined, totals)]
  await there.transfer.import({ users: [ann, bob].map(({ limits, ...user }) => user) })
  for (const { index, ...account } of there.accounts.list()) here.usage.begin(here.accounts.add(account))
  expect(await here.users()).toEqual(await there.users())
  expect(await here.users()).toMatchObject([{ used: ann.used }, bob])
})
