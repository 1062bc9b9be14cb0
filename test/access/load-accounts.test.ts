import { expect, it } from 'vitest'
import { noLimits } from '../../daemon/access/accounts.ts'
import { loadAccounts } from '../../daemon/access/load-accounts.ts'
import { formatPasswordHash, parsePasswordHash } from '../../daemon/access/password-hash.ts'
import { Failure } from '../../daemon/failure.ts'
import { openStore } from '../../daemon/store/open-store.ts'
import type { StoredUser } from '../../daemon/store/store.ts'
import { QuickPasswords } from '../helpers/quick-passwords.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const passwords = new QuickPasswords()
const claimant = { source: '', name: '', standing: 'unknown' } as const
const atOnce = () => true
const password = formatPasswordHash(await passwords.hash('secret'))
const bob: Omit<StoredUser, 'id'> = { name: 'bob', password, enabled: false, created: 7, ...noLimits }

async function load(stored: readonly Omit<StoredUser, 'id'>[], userFlags: readonly string[]) {
  const store = await openStore(await temporaryFolder())
  for (const user of stored) await store.users.insert(user)
  try {
    return await loadAccounts(store, userFlags, passwords, { needed: [], warn() {} })
  } finally {
    await store.close()
  }
}

it('brings lasting and temporary users together', async () => {
  const accounts = await load([bob], ['ann:another'])
  expect(accounts.list()).toMatchObject([
    { id: undefined, name: 'ann', enabled: true },
    { id: 1, name: 'bob', enabled: false, created: 7 },
  ])
  expect(new Set(accounts.list().map(({ index }) => index)).size).toBe(2)
  const [ann, { password: hash } = {}] = accounts.list()
  expect(ann && (await passwords.matches(Buffer.from('another'), ann.password, claimant, atOnce))).toBe(true)
  expect(hash && (await passwords.matches(Buffer.from('secret'), hash, claimant, atOnce))).toBe(true)
})

it.each([['a temporary user with the name of a lasting one', [bob], ['bob:secret'], /lasting user of that name/]])(
  'refuses %s',
  async (_what, stored, flags, reason) => {
    const error: unknown = await load(stored, flags).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(Failure)
    expect(String(error)).toMatch(reason)
    expect(String(error)).not.toContain('secret')
  },
)

it.each([
  ['bob:secret', 'bob', 'secret'],
  ['bob:se:cr:et', 'bob', 'se:cr:et'],
  ['bob::', 'bob', ':'],
  ['bób b:pass word ', 'bób b', 'pass word '],
])('reads --user %j', async (flag, name, password) => {
  const [account] = (await load([], [flag])).list()
  expect(account?.name).toBe(name)
  expect(account && (await passwords.matches(Buffer.from(password), account.password, claimant, atOnce))).toBe(true)
})

it.each([
  [['secret'], 'no colon'],
  [[''], 'no colon'],
  [[':secret'], 'name must not be empty'],
  [['bob:'], 'password must not be empty'],
  [['b\nob:secret'], 'name must not contain control characters'],
  [[' :secret'], 'name must have a letter, a digit or a sign'],
  [['bob :secret'], 'name must not begin or end with a space'],
  [['bo\u200bb:secret'], 'name must not contain what cannot be seen'],
  [['bo\u00adb:secret'], 'name must not contain what cannot be seen'],
  [['\u2800:secret'], 'name must not contain what cannot be seen'],
  [['bo\u0301b:secret'], 'name must be in the Unicode form NFC'],
  [[`${'ö'.repeat(128)}:secret`], 'name must be at most 255 bytes'],
  [[`bob:${'secret'.repeat(43)}`], 'password must be at most 255 bytes'],
  [['bob:secret', 'bob:secret2'], '--user "bob" is given twice'],
])('refuses --user %j as a mistake in the call, without repeating it', async (flags, reason) => {
  const error: unknown = await load([], flags).catch((error: unknown) => error)
  expect(error).toMatchObject({ name: 'Failure', status: 2, message: expect.stringContaining(reason) })
  expect(String(error)).not.toContain('secret')
})

it('has who has a damaged password, whom nobody can log in as, so that it is not open', async () => {
  const store = await openStore(await temporaryFolder())
  await store.users.insert({ ...bob, name: 'eve', password: 'nonsense' })
  const warnings: string[] = []
  const options = { needed: [], warn: (message: string) => void warnings.push(message) }
  const accounts = await loadAccounts(store, [], passwords, options)
  expect(accounts.list()).toMatchObject([{ name: 'eve' }])
  expect(warnings).toEqual([
    `the stored password of "eve" is damaged, so nobody can log in as them: give them another with 'passwd'`,
  ])
  const hash = accounts.named('eve')?.password
  expect(hash && (await passwords.matches(Buffer.from('nonsense'), hash, claimant, atOnce))).toBe(false)
  // Stored with another change, or taken elsewhere, it is as damaged there.
  const text = hash && formatPasswordHash(hash)
  expect(text && parsePasswordHash(text)).toBe(hash)
  await store.close()
})

it('of a store of a fleet with very many users has those who are needed, and leaves the others there', async () => {
  const stored = new Map(['ann', 'bob'].map((name, i) => [name, { ...bob, id: i + 1, name }]))
  const store = {
    count: async () => 60_000,
    named: async (name: string) => stored.get(name),
    list: () => Promise.reject(new Error('this reads all')),
  }
  const accounts = await loadAccounts({ users: store, fleet: {} } as never, [], passwords, {
    needed: ['bob', 'nobody'],
    warn() {},
  })
  expect(accounts.list()).toMatchObject([{ id: 2, name: 'bob' }])
  expect(accounts).toMatchObject({ isPartial: true, size: 60_000 })
})
