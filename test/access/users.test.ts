import { setImmediate } from 'node:timers/promises'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Account, Accounts } from '../../daemon/access/accounts.ts'
import { type Group, Groups } from '../../daemon/access/groups.ts'
import { LateChanges } from '../../daemon/access/late-changes.ts'
import { loadAccounts } from '../../daemon/access/load-accounts.ts'
import { Logins } from '../../daemon/access/logins.ts'
import { RemovedAccounts } from '../../daemon/access/removed-accounts.ts'
import { Users } from '../../daemon/access/users.ts'
import type { Refusal } from '../../daemon/refusal.ts'
import { openStore } from '../../daemon/store/open-store.ts'
import { type Store, StoreError } from '../../daemon/store/store.ts'
import { Turns } from '../../daemon/turns.ts'
import { eventually } from '../helpers/eventually.ts'
import { QuickPasswords } from '../helpers/quick-passwords.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const passwords = new QuickPasswords()
const source = new Uint8Array(16)
const loginOf = (name: string, password: string) => ({
  username: Buffer.from(name),
  password: Buffer.from(password),
  source,
})
const refusal = (kind: Refusal['kind']) => expect.objectContaining({ name: 'Refusal', kind })

const closedByUsers = (users: number) => users > 0
const closed = () => true
const open = () => false

let folder: string
let store: Store
/** Nothing is known of where clients come from. */
const unknown = { isKnown: () => false, loginFailed: () => true, crowded: () => {} }
let accounts: Accounts
/** What the loops were told, and what else happened in between. */
let events: string[]

beforeEach(async () => {
  folder = await temporaryFolder()
  store = await openStore(folder)
  onTestFinished(() => store.close())
  accounts = new Accounts()
  events = []
})

function usersWith(changes: Partial<ConstructorParameters<typeof Users>[0]> = {}): Users {
  return new Users({
    accounts,
    groups: new Groups([{ name: 'kids', limits: {}, revision: 1 }]),
    passwords,
    store: store.users,
    late: new LateChanges(() => {}),
    loops: {
      userChanged: async ({ user, cut, passwordRequired }) => {
        events.push(`${cut ? 'cut' : 'forget'} ${user}, ${passwordRequired ? 'password' : 'open'}`)
        return cut ? 3 : 0
      },
    },
    indices: {
      begin: ({ index }) => void events.push(`begin ${index}`),
    },
    turns: new Turns(),
    policy: closedByUsers,
    ...changes,
  })
}

/** The index of the user that this lets in. */
async function login(name: string, password: string): Promise<number | undefined> {
  return (await new Logins(accounts, passwords, unknown).authenticate(loginOf(name, password), () => true))?.user
}

/** The users that a daemon started now would have. */
async function restarted(): Promise<Accounts> {
  await store.close()
  store = await openStore(folder)
  return loadAccounts(store, [], passwords, { needed: [], warn() {} })
}

describe('adding a user', () => {
  it('lets them in, and makes the loops ask for passwords', async () => {
    const users = usersWith()
    expect(users.passwordRequired).toBe(false)
    await users.add('bob', 'secret')
    expect(await login('bob', 'secret')).toBe(1)
    expect(users.passwordRequired).toBe(true)
    expect(events).toEqual(['begin 1', 'forget 1, password'])
  })

  it('lasts', async () => {
    await usersWith().add('bob', 'secret')
    accounts = await restarted()
    expect(await login('bob', 'secret')).toBe(1)
  })

  it('is refused if there is one of that name, at the same moment too', async () => {
    const users = usersWith()
    // Whose password is hashed first is not to be known.
    const outcomes = await Promise.allSettled(['one', 'other'].map((password) => users.add('bob', password)))
    const [taken, refused] = outcomes[0]?.status === 'fulfilled' ? ['one', 'other'] : ['other', 'one']
    expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([
      { status: 'rejected', reason: refusal('exists') },
    ])
    expect(await login('bob', taken)).toBe(1)
    expect(await login('bob', refused)).toBeUndefined()
  })

  it('is refused if there is no room, and leaves no trace', async () => {
    accounts = new Accounts(1)
    const users = usersWith()
    await users.add('ann', 'secret')
    await expect(users.add('bob', 'secret')).rejects.toEqual(refusal('conflict'))
    expect((await restarted()).size).toBe(1)
  })

  it('has room made where others may leave, and is refused as that is', async () => {
    accounts = new Accounts(1)
    const makeRoom = vi.fn(async (_users: number) => {
      const [ann] = accounts.list()
      if (!ann) return
      accounts.remove(ann)
      accounts.release(ann.index)
    })
    const users = usersWith({ makeRoom })
    await users.add('ann', 'secret')
    await users.add('bob', 'secret')
    expect(await login('bob', 'secret')).toBe(1)
    makeRoom.mockRejectedValueOnce(new StoreError('failed', 'all are busy'))
    await expect(users.add('cid', 'secret')).rejects.toThrow('all are busy')
    expect(makeRoom.mock.calls).toEqual([[1], [1], [1]])
  })

  it('changes nothing if it cannot be stored', async () => {
    const users = usersWith({ store: { ...store.users, insert: () => Promise.reject(new Error('disk full')) } })
    await expect(users.add('bob', 'secret')).rejects.toThrow('disk full')
    expect(accounts.list()).toEqual([])
    expect(events).toEqual([])
  })
})

describe('removing a user', () => {
  it('keeps them out and cuts their connections', async () => {
    const users = usersWith()
    await users.add('bob', 'secret')
    events = []
    expect(await users.remove('bob')).toEqual({ cut: 3, opened: true, stored: true })
    expect(await login('bob', 'secret')).toBeUndefined()
    expect(events).toEqual(['cut 1, open'])
    expect((await restarted()).size).toBe(0)
  })

  it('is undone with the password, the limits and the day of before, and lasts', async () => {
    const users = usersWith()
    await users.add('bob', 'secret')
    const before = accounts.named('bob') as Account
    accounts.put({ ...before, enabled: false, limits: { group: 'kids', 'rate-down': 1000 }, revision: 7 })
    const { id: _id, index: _index, ...had } = accounts.named('bob') as Account
    await users.remove('bob')
    events = []
    await users.restore('bob')
    expect(accounts.named('bob')).toMatchObject(had)
    expect(events).toEqual(['begin 2', 'forget 2, password'])
    expect((await restarted()).named('bob')).toMatchObject(had)
    await expect(users.restore('bob')).rejects.toEqual(refusal('exists'))
  })

  it('is not undone while the group they were in is no more, for they would have what everybody has', async () => {
    const groups = new Groups([{ name: 'kids', limits: { 'rate-down': 1000 }, revision: 1 }])
    const users = usersWith({ groups })
    await users.add('bob', 'secret')
    accounts.put({ ...(accounts.named('bob') as Account), limits: { group: 'kids' } })
    await users.remove('bob')
    const kids = groups.named('kids') as Group
    groups.remove(kids)
    await expect(users.restore('bob')).rejects.toMatchObject({
      kind: 'conflict',
      message: expect.stringMatching(/group "kids"/),
    })
    expect(accounts.list()).toEqual([])
    groups.put(kids)
    await users.restore('bob')
    expect((await restarted()).named('bob')?.limits).toEqual({ group: 'kids' })
  })

  it('is not undone twice, nor for who was never there or is there anew', async () => {
    const users = usersWith()
    await expect(users.restore('bob')).rejects.toEqual(refusal('not_found'))
    await users.add('bob', 'secret')
    await users.remove('bob')
    await users.add('bob', 'other')
    await expect(users.restore('bob')).rejects.toEqual(refusal('exists'))
    await users.remove('bob')
    await users.restore('bob')
    expect(await login('bob', 'other')).toBe(3)
    expect(await login('bob', 'secret')).toBeUndefined()
  })

  it('is undone for a while, and for the last ones only', () => {
    const removed = new RemovedAccounts()
    const named = (name: string) => ({ name }) as Account
    for (let at = 0; at < 101; at++) removed.keep(named(`u${at}`), at)
    expect([removed.named('u0', 200), removed.named('u1', 200)]).toEqual([undefined, { name: 'u1' }])
    expect(removed.named('u1', 3_600_001)).toBeUndefined()
    expect(removed.named('u2', 3_600_001)).toEqual({ name: 'u2' })
  })

  it('never opens a proxy that must not be open', async () => {
    const users = usersWith({ policy: closed })
    await users.add('bob', 'secret')
    expect(await users.remove('bob')).toEqual({ cut: 3, opened: false, stored: true })
    expect(events.at(-1)).toBe('cut 1, password')
  })

  it('opens nothing while others are left, nor what was open before', async () => {
    const users = usersWith()
    for (const name of ['ann', 'bob']) await users.add(name, 'secret')
    expect(await users.remove('bob')).toMatchObject({ opened: false })
    const others = usersWith({ policy: open })
    expect(await others.remove('ann')).toMatchObject({ opened: false })
  })

  it('gives the index to another only when the connections are cut', async () => {
    accounts = new Accounts(1)
    const users = usersWith()
    await users.add('bob', 'secret')
    const removed = users.remove('bob')
    await Promise.all([removed, users.add('ann', 'secret')])
    expect(events.slice(2)).toEqual(['cut 1, open', 'begin 1', 'forget 1, password'])
  })

  it('is later than a login that was good before, and every change after it is later still', async () => {
    const revisions: number[] = []
    const users = usersWith({ loops: { userChanged: async ({ revision }) => revisions.push(revision) } })
    await users.add('bob', 'secret')
    const admission = await new Logins(accounts, passwords, unknown).authenticate(loginOf('bob', 'secret'), () => true)
    revisions.push(admission?.revision ?? 0)
    await users.setPassword('bob', 'secret')
    await users.setEnabled('bob', false)
    await users.remove('bob')
    await users.add('ann', 'secret')
    const [added, ...later] = revisions
    expect(later[0]).toBe(added)
    expect(later).toEqual([...new Set(later)].sort((a, b) => a - b))
  })
})

describe('changing a user', () => {
  it('gives another password and leaves connections alone', async () => {
    const users = usersWith()
    await users.add('bob', 'old')
    await users.setPassword('bob', 'new')
    expect(await login('bob', 'old')).toBeUndefined()
    expect(await login('bob', 'new')).toBe(1)
    expect(events.at(-1)).toBe('forget 1, password')
    accounts = await restarted()
    expect(await login('bob', 'new')).toBe(1)
  })

  it('keeps a user out, cutting connections, and lets them in again', async () => {
    const users = usersWith()
    await users.add('bob', 'secret')
    expect(await users.setEnabled('bob', false)).toEqual({ cut: 3, stored: true })
    expect(await login('bob', 'secret')).toBeUndefined()
    expect(users.passwordRequired).toBe(true)
    expect(events.at(-1)).toBe('cut 1, password')
    expect((await restarted()).named('bob')?.enabled).toBe(false)
  })

  it('lets a user in again', async () => {
    const users = usersWith()
    await users.add('bob', 'secret')
    await users.setEnabled('bob', false)
    expect(await users.setEnabled('bob', true)).toEqual({ cut: 0, stored: true })
    expect(await login('bob', 'secret')).toBe(1)
  })

  it('does not make a temporary user last', async () => {
    accounts = await loadAccounts(store, ['tim:old'], passwords, { needed: [], warn() {} })
    const users = usersWith()
    await users.setPassword('tim', 'new')
    expect(await login('tim', 'new')).toBe(1)
    await users.remove('tim')
    expect(await login('tim', 'new')).toBeUndefined()
    expect((await restarted()).size).toBe(0)
  })

  it('cuts connections and changes nothing else', async () => {
    const users = usersWith()
    await users.add('bob', 'secret')
    events = []
    expect(await users.cut('bob')).toBe(3)
    expect(events).toEqual(['cut 1, password'])
    expect(await login('bob', 'secret')).toBe(1)
    expect((await restarted()).named('bob')?.enabled).toBe(true)
  })

  it('is refused if there is none of that name', async () => {
    const users = usersWith()
    await expect(users.cut('bob')).rejects.toEqual(refusal('not_found'))
    await expect(users.remove('bob')).rejects.toEqual(refusal('not_found'))
    await expect(users.setPassword('bob', 'secret')).rejects.toEqual(refusal('not_found'))
    await expect(users.setEnabled('bob', false)).rejects.toEqual(refusal('not_found'))
  })

  it('waits until the loops act by the change before, or it is refused', async () => {
    const users = usersWith({
      loops: {
        userChanged: async ({ cut }) => {
          events.push(`begin ${cut}`)
          await setImmediate()
          events.push(`end ${cut}`)
          return 0
        },
      },
    })
    await users.add('bob', 'secret')
    events = []
    const outcomes = await Promise.allSettled([
      users.remove('nobody'),
      users.setEnabled('bob', true),
      users.remove('bob'),
      users.setEnabled('bob', true),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'rejected'])
    expect(events).toEqual(['begin false', 'end false', 'begin true', 'end true'])
    expect(accounts.list()).toEqual([])
  })
})

describe('while the disk takes nothing', () => {
  const full = new StoreError('failed', 'the disk is full')
  let isFull: boolean
  let users: Users
  /** What an operator reads in the log. */
  let told: ReturnType<typeof vi.fn<(message: string) => void>>

  beforeEach(async () => {
    isFull = false
    told = vi.fn()
    const late = new LateChanges(told, 1)
    onTestFinished(() => late.close())
    const orFail = <T>(change: () => Promise<T>) => (isFull ? Promise.reject(full) : change())
    users = usersWith({
      late,
      store: {
        list: () => store.users.list(),
        named: (name) => store.users.named(name),
        count: () => store.users.count(),
        insert: (user) => orFail(() => store.users.insert(user)),
        update: (user) => orFail(() => store.users.update(user)),
        setLimits: (changes) => orFail(() => store.users.setLimits(changes)),
        remove: (id) => orFail(() => store.users.remove(id)),
      },
    })
    for (const name of ['ann', 'bob', 'cid', 'dan']) await users.add(name, 'secret')
    await users.setEnabled('dan', false)
    events = []
    isFull = true
  })

  async function revokeAll() {
    return [
      await users.remove('ann'),
      await users.setEnabled('bob', false),
      await users.setPassword('cid', 'another'),
    ].map(({ stored }) => stored)
  }

  it('whoever is to be kept out is, at once, and the operator hears that it is not stored', async () => {
    expect(await revokeAll()).toEqual([false, false, false])
    expect(events).toEqual(['cut 1, password', 'cut 2, password', 'forget 3, password'])
    expect(await Promise.all(['ann', 'bob', 'cid'].map((name) => login(name, 'secret')))).toEqual(
      Array(3).fill(undefined),
    )
    expect(await login('cid', 'another')).toBe(3)
    expect(told.mock.calls.flat()).toContainEqual(
      expect.stringMatching(/user "ann" acts, and is not stored.*disk is full/),
    )
  })

  it('nobody is let in, and nothing changes', async () => {
    await revokeAll()
    const grants = [
      () => users.add('eve', 'secret'),
      () => users.add('ann', 'secret'),
      () => users.setEnabled('dan', true),
    ]
    for (const grant of grants) await expect(grant()).rejects.toMatchObject({ kind: 'unavailable' })
    expect(accounts.list().map(({ name, enabled }) => `${name} ${enabled}`)).toEqual([
      'bob false',
      'cid true',
      'dan false',
    ])
  })

  it('what acts is stored once that can be, the last of several changes for good', async () => {
    await revokeAll()
    await users.remove('bob')
    isFull = false
    await eventually(() => expect(told).toHaveBeenLastCalledWith('all changes are stored now'))
    accounts = await restarted()
    expect(accounts.list().map(({ name }) => name)).toEqual(['cid', 'dan'])
    expect(await login('cid', 'another')).toBeGreaterThan(0)
  })

  it('a name is given again only when it is free on disk, too', async () => {
    await revokeAll()
    isFull = false
    await users.add('ann', 'new')
    accounts = await restarted()
    expect(await login('ann', 'new')).toBeGreaterThan(0)
    expect(accounts.named('bob')?.enabled).toBe(false)
  })
})

describe('a policy', () => {
  it('counts from now on, and the loops hear of it', async () => {
    const users = usersWith()
    expect(users.passwordRequired).toBe(false)
    await users.setPolicy(closed)
    expect(users.passwordRequired).toBe(true)
    await users.setPolicy(open)
    expect(users.passwordRequired).toBe(false)
    expect(events).toEqual(['forget 0, password', 'forget 0, open'])
  })

  it('waits for the change before it', async () => {
    const users = usersWith()
    const added = users.add('bob', 'secret')
    await Promise.all([added, added.then(() => users.setPolicy(closedByUsers))])
    await Promise.all([users.remove('bob'), users.setPolicy(closed)])
    expect(events.slice(-2)).toEqual(['cut 1, open', 'forget 0, password'])
  })

  it.each([
    ['that asks for a password once there is a user', closedByUsers, [false, true, false]],
    ['that always does', closed, [false, false, false]],
    ['that never does', open, [false, false, false]],
  ] as const)(
    '%s tells whether removing the last user opens the proxy, of none, one and two',
    async (_, policy, answers) => {
      const users = usersWith({ policy })
      const told = [users.lastUserOpens]
      for (const name of ['ann', 'bob']) {
        await users.add(name, 'secret')
        told.push(users.lastUserOpens)
      }
      expect(told).toEqual(answers)
      await users.remove('ann')
      const { opened } = await users.remove('bob')
      expect(opened).toBe(answers[1])
    },
  )
})
