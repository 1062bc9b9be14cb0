import { beforeEach, expect, it, onTestFinished } from 'vitest'
import { AbsentAccounts } from '../../daemon/access/absent-accounts.ts'
import { type Account, Accounts } from '../../daemon/access/accounts.ts'
import { Groups } from '../../daemon/access/groups.ts'
import { LateChanges } from '../../daemon/access/late-changes.ts'
import { loadAccounts } from '../../daemon/access/load-accounts.ts'
import { type Loops, Users } from '../../daemon/access/users.ts'
import { AdoptedAccounts } from '../../daemon/fleet/adopted-accounts.ts'
import { LimitChanges } from '../../daemon/limits/limit-changes.ts'
import { LimitKeeper, type Lines } from '../../daemon/limits/limit-keeper.ts'
import { Usage } from '../../daemon/limits/usage.ts'
import { openStore } from '../../daemon/store/open-store.ts'
import { type Store, StoreError, type UserStore } from '../../daemon/store/store.ts'
import { Turns } from '../../daemon/turns.ts'
import { QuickPasswords } from '../helpers/quick-passwords.ts'
import { bob as passwordOfNobody } from '../helpers/stores.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const passwords = new QuickPasswords()
const all = { users: 'all', groups: true } as const
const some = (...users: string[]) => ({ users: new Set(users), groups: false })

let store: Store
let storeFails: boolean

beforeEach(async () => {
  store = await openStore(await temporaryFolder())
  onTestFinished(() => store.close())
  storeFails = false
})

/** What one daemon on the store has of users, and what its loops were told. */
async function daemon(accounts?: Accounts, isIdle: (name: string) => boolean = () => true) {
  const known = accounts ?? (await loadAccounts(store, [], passwords, { needed: [], warn() {} }))
  const groups = new Groups(await store.groups.list())
  const told: string[] = []
  const written = new Map<string, Parameters<Lines['set']>[1]>()
  const lines: Lines = {
    set: (index, limits) => void written.set(known.lastNameOf(index) ?? '', limits),
    bar: () => {},
    setQuota: () => {},
    clear: () => {},
    sources: () => 0,
    refusals: () => 0,
  }
  const usage = new Usage(store.usage)
  const keeper = new LimitKeeper({ accounts: known, groups, usage, lines, tell: () => {} })
  const late = new LateChanges(() => {}, 2 ** 31 - 1)
  const turns = new Turns()
  const fail = <T>(write: () => Promise<T>) => (storeFails ? Promise.reject(new StoreError('failed', 'gone')) : write())
  const userStore: UserStore = {
    ...{ list: () => store.users.list(), named: (name) => store.users.named(name), count: () => store.users.count() },
    insert: (user) => fail(() => store.users.insert(user)),
    update: (user) => fail(() => store.users.update(user)),
    setLimits: (changes) => fail(() => store.users.setLimits(changes)),
    remove: (id) => fail(() => store.users.remove(id)),
  }
  const loops: Loops = {
    userChanged: async ({ user, cut, passwordRequired }) => {
      told.push(
        `${cut ? 'cut' : 'forget'} ${known.lastNameOf(user) ?? 'nobody'}, ${passwordRequired ? 'login' : 'open'}`,
      )
      return 0
    },
  }
  const obey = async () => void told.push('obey')
  const begin = (account: Account) => keeper.begin(account)
  const policy = (users: number) => users > 0
  const users = new Users({
    ...{ accounts: known, groups, passwords, store: userStore, late, loops, turns, policy },
    indices: { begin },
  })
  const limits = new LimitChanges({
    ...{ accounts: known, groups, keeper, late, turns, obey },
    store: { users: userStore, groups: store.groups },
  })
  const warnings: string[] = []
  const absent = new AbsentAccounts({
    ...{ accounts: known, store: store.users, turns },
    totals: async () => [],
    enter: begin,
    isIdle: ({ name }) => isIdle(name),
    leave: async ({ name }) => told.push(`leave ${name}`),
    warn: (message) => void warnings.push(message),
  })
  onTestFinished(() => absent.close())
  const adopted = new AdoptedAccounts({
    ...{ accounts: known, groups, limits, keeper, store, late, turns, loops, begin, obey, absent },
    usage,
    totals: () => store.usage.list(),
    passwordRequired: () => users.passwordRequired,
    isNeeded: (name) => name === 'guest',
    warn: (message) => void warnings.push(message),
  })
  const names = () => known.list().map(({ name }) => name)
  return { accounts: known, groups, users, limits, adopted, told, written, warnings, names, usage }
}

it('lets in whom another daemon has added, and has clients log in from the first one on', async () => {
  const [here, there] = [await daemon(), await daemon()]
  await there.users.add('bob', 'secret')
  await there.limits.set({ names: ['bob'], fields: { 'rate-down': '1MB/s' } })
  await here.adopted.adopt(some('bob'))
  expect(here.accounts.named('bob')).toEqual({ ...there.accounts.named('bob'), index: 1 })
  expect(here.written.get('bob')).toMatchObject({ rateDown: 1_000_000 })
  expect(here.told).toEqual(['obey', 'forget nobody, login'])
})

it('of a store with very many users takes in only who is needed without a login', async () => {
  const [here, there] = [await daemon(), await daemon()]
  here.accounts.isPartial = true
  await there.users.add('bob', 'secret')
  await there.users.add('guest', 'secret')
  await here.adopted.adopt(some('bob', 'guest'))
  expect(here.names()).toEqual(['guest'])
})

it('cuts whom another daemon has removed or disabled, and nobody whose limits or password alone have changed', async () => {
  const there = await daemon()
  for (const name of ['ann', 'bob', 'cid', 'dan', 'eve']) await there.users.add(name, 'secret')
  const here = await daemon()
  await there.users.remove('ann')
  await there.users.setEnabled('bob', false)
  await there.users.setPassword('cid', 'another')
  await there.limits.set({ names: ['dan'], fields: { 'max-connections': 3 } })
  await here.adopted.adopt(some('ann', 'bob', 'cid', 'dan', 'eve'))
  expect(here.told).toEqual(['cut ann, login', 'obey', 'cut bob, login', 'forget cid, login'])
  expect(here.written.get('dan')).toMatchObject({ maxConnections: 3 })
  expect(here.names()).toEqual(['bob', 'cid', 'dan', 'eve'])
  here.told.length = 0
  await here.adopted.adopt(some('ann', 'bob', 'cid', 'dan', 'eve'))
  expect(here.told).toEqual([])
})

it('takes one who was removed and added anew for somebody else', async () => {
  const there = await daemon()
  await there.users.add('bob', 'secret')
  const here = await daemon()
  await there.users.remove('bob')
  await there.users.add('bob', 'secret')
  await here.adopted.adopt(some('bob'))
  expect(here.told).toEqual(['cut bob, open', 'obey', 'forget nobody, login'])
  expect(here.accounts.named('bob')?.id).toBe(there.accounts.named('bob')?.id)
})

it('takes over groups with who is in them, and removes one when nobody is', async () => {
  const there = await daemon()
  await there.users.add('bob', 'secret')
  await there.limits.addGroup({ name: 'old', fields: {} })
  await there.limits.set({ names: ['bob'], fields: { group: 'old' } })
  const here = await daemon()
  await there.limits.addGroup({ name: 'new', fields: { 'rate-up': '1MB/s' } })
  await there.limits.set({ names: ['bob'], fields: { group: 'new' } })
  await there.limits.removeGroup('old')
  await there.limits.setGroup({ name: 'default', fields: { 'max-connections': 7 } })
  await here.adopted.adopt({ users: new Set(['bob']), groups: true })
  expect(here.groups.list().map(({ name }) => name)).toEqual(['default', 'new'])
  expect(here.written.get('bob')).toMatchObject({ rateUp: 1_000_000, maxConnections: 7 })
})

it('counts on from the revision of what it has taken over, so that an outdated change is refused', async () => {
  const there = await daemon()
  for (const name of ['ann', 'bob']) await there.users.add(name, 'secret')
  const here = await daemon()
  for (const rate of ['1MB/s', '2MB/s', '3MB/s'])
    await there.limits.set({ names: ['bob'], fields: { 'rate-up': rate } })
  await here.adopted.adopt(some('bob'))
  const change = { names: ['bob'], fields: { 'rate-up': '4MB/s' } }
  await expect(here.limits.set({ ...change, ifRevision: 2 })).rejects.toMatchObject({ details: { revision: 3 } })
  expect(await here.limits.set({ ...change, ifRevision: 3 })).toMatchObject({ revision: 4 })
})

it('does not undo what acts here and is not stored yet, and changes of two daemons to one user both last', async () => {
  const there = await daemon()
  for (const name of ['ann', 'bob', 'cid']) await there.users.add(name, 'secret')
  const here = await daemon()
  storeFails = true
  await here.users.remove('ann')
  await here.users.setEnabled('bob', false)
  await here.limits.set({ names: ['cid'], fields: { 'max-connections': 1 } })
  await expect(here.adopted.adopt(all)).rejects.toThrow(StoreError)
  expect([here.names(), here.accounts.named('bob')?.enabled]).toEqual([['bob', 'cid'], false])
  storeFails = false
  const hash = (await store.users.named('bob'))?.password
  await there.users.setPassword('bob', 'another')
  await here.adopted.adopt(all)
  expect(here.names()).toEqual(['bob', 'cid'])
  const stored = await store.users.named('bob')
  expect([stored?.enabled, stored?.password === hash]).toEqual([false, false])
  expect((await store.users.named('cid'))?.limits).toEqual({ 'max-connections': 1 })
})

it('compares all of them, and leaves those of --user, and where they are more than fit those who may come later', async () => {
  const accounts = new Accounts(2)
  const password = await passwords.hash('temporary')
  accounts.add({
    name: 'tom',
    id: undefined,
    password,
    enabled: true,
    created: 0,
    limits: {},
    revision: 0,
    firstUsed: null,
  })
  const here = await daemon(accounts)
  for (const name of ['ann', 'tom']) await store.users.insert({ ...passwordOfNobody, name })
  await here.adopted.adopt(all)
  expect(here.names()).toEqual(['ann', 'tom'])
  expect(here.accounts.isPartial).toBe(false)
  await store.users.insert({ ...passwordOfNobody, name: 'zoe' })
  await here.adopted.adopt(all)
  expect(here.names()).toEqual(['ann', 'tom'])
  expect(here.accounts.named('tom')?.password).toBe(password)
  expect(here.accounts.isPartial).toBe(true)
  const stays = expect.stringMatching(/"tom" of --user stays/)
  expect(here.warnings).toEqual([stays, stays, expect.stringMatching(/more users than fit/)])
})

it('has who is needed without a login take the place of somebody idle, and acts on all others who have changed', async () => {
  const there = await daemon()
  for (const name of ['ann', 'bob', 'cid']) await there.users.add(name, 'secret')
  const here = await daemon(new Accounts(3), (name) => name === 'bob')
  await here.adopted.adopt(all)
  await there.users.setEnabled('ann', false)
  await there.users.setPassword('bob', 'another')
  await there.users.add('guest', 'secret')
  here.told.length = 0
  await here.adopted.adopt(some('ann', 'bob', 'guest'))
  expect(here.names()).toEqual(['ann', 'cid', 'guest'])
  expect(here.told).toEqual(['leave bob', 'obey', 'forget nobody, login', 'cut ann, login'])
  expect(here.accounts.named('guest')?.index).toBe(2)
})

it('says so where there is no room for who is needed, and acts on all others who have changed', async () => {
  const there = await daemon()
  for (const name of ['ann', 'bob']) await there.users.add(name, 'secret')
  const here = await daemon(new Accounts(2), () => false)
  await here.adopted.adopt(all)
  await there.users.setEnabled('ann', false)
  await there.users.add('guest', 'secret')
  await here.adopted.adopt(some('ann', 'guest'))
  expect(here.names()).toEqual(['ann', 'bob'])
  expect(here.accounts.named('ann')?.enabled).toBe(false)
  expect(here.warnings.at(-1)).toMatch(/no room for 1 more users, whom other nodes know/)
})

it('keeps who has a damaged password, whom nobody can log in as: else the proxy would be open', async () => {
  const there = await daemon()
  await there.users.add('bob', 'secret')
  const here = await daemon()
  const stored = await store.users.named('bob')
  if (stored) await store.users.update({ ...stored, password: 'nonsense' })
  await here.adopted.adopt(some('bob'))
  await here.adopted.adopt(all)
  expect([here.names(), here.told]).toEqual([['bob'], ['obey', 'forget bob, login', 'obey']])
  const hash = here.accounts.named('bob')?.password
  const claimant = { source: '', name: '', standing: 'unknown' } as const
  expect(hash && (await passwords.matches(Buffer.from('secret'), hash, claimant, () => true))).toBe(false)
  expect(here.warnings).toEqual([
    `the stored password of "bob" is damaged, so nobody can log in as them: give them another with 'passwd'`,
  ])
  await here.users.setPassword('bob', 'another')
  await there.adopted.adopt(some('bob'))
  expect(there.accounts.named('bob')?.password).toEqual(here.accounts.named('bob')?.password)
})

it('knows of who comes what they have used, so that a quota does not begin anew', async () => {
  const here = await daemon()
  const limits = { quota: 100, cycle: 'month' }
  const user = (await store.users.insert({ ...passwordOfNobody, limits })) ?? 0
  const used = { up: 60, down: 30, mark: 10, marked: Date.now() }
  const moved = [...Object.values(used), used.up, used.down, 1]
  await store.usage.save({ run: 1, number: 1, time: used.marked, rows: Float64Array.of(user, ...moved) })
  await here.adopted.adopt(some('bob'))
  const bob = here.accounts.named('bob')
  expect(bob && here.usage.of(bob)).toEqual(used)
  await here.usage.save(Date.now())
  expect(await store.usage.list()).toEqual([{ user, ...used }])
})
