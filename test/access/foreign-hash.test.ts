import { describe, expect, it, onTestFinished } from 'vitest'
import { noLimits } from '../../daemon/access/accounts.ts'
import { matchesForeign, parseForeignHash } from '../../daemon/access/foreign-hash.ts'
import { Groups } from '../../daemon/access/groups.ts'
import { LateChanges } from '../../daemon/access/late-changes.ts'
import { loadAccounts } from '../../daemon/access/load-accounts.ts'
import { Logins } from '../../daemon/access/logins.ts'
import { Passwords } from '../../daemon/access/passwords.ts'
import { Users } from '../../daemon/access/users.ts'
import { openStore } from '../../daemon/store/open-store.ts'
import { type Store, StoreError } from '../../daemon/store/store.ts'
import { Turns } from '../../daemon/turns.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)

/** Made by crypt(3) of libxcrypt 4.4. */
const made: readonly [password: string, hash: string][] = [
  ['hunter2', '$6$saltsalt$8iYtNHxjWRl.NF6oNZ5tF.iKFlQREaXBLlSmZKP6dy9l5z3vsooWNW0/GZ6Nej73/TFug6pIPSqbJoCT6dfnj.'],
  ['x', '$6$rounds=1000$abc$zaWpAwySRl8PX4W2aEMJwxpN82bCKtDZP0RBdOD6W7BQlilBqAsWnAZuS10iUyJZneS8Ob1gxs1BZkqJi1nTi.'],
  ['x', '$5$salt$eC8iHMk0B/acxRGi4idWiCK/.xXHLUsxovn4V591t3.'],
  ['hunter2', '$2b$04$abcdefghijklmnopqrstuuV3duMsC0HpUex6N9qapiuOHHWkwRXVm'],
  ['grüße 😀', '$2y$05$abcdefghijklmnopqrstuuWlogfMoqnrZutjMoJXoK9x5Q0LVTYxS'],
  [
    'grüße 😀',
    '$6$0123456789abcdef$CD0sw2kgw7z.NS/JVWFdRsA6IBfY8ydeoZKgUm/u5EQ3vzEHSTu0utpY1I8/mkLeWvQQMksqCaTJZ/iwtFhYp0',
  ],
]

describe.each(made)('of the password %s', (password, text) => {
  const hash = parseForeignHash(text)

  it(`${text} is the hash, and of no other`, async () => {
    if (!hash) throw new Error('it was not read')
    const others = [`${password}x`, `${password}\0`, '', `${password.toUpperCase()}\u00df`]
    expect(await matchesForeign(hash, utf8(password))).toBe(true)
    expect(await Promise.all(others.map((other) => matchesForeign(hash, utf8(other))))).toEqual(others.map(() => false))
    expect(await matchesForeign(hash, Uint8Array.of(0xff))).toBe(false)
  })
})

it.each([
  '$1$abc$def',
  '$6$saltsalt$short',
  `$6$rounds=100001$salt$${'a'.repeat(86)}`,
  `$6$rounds=999$salt$${'a'.repeat(86)}`,
  `$6$rounds=99999999999$salt$${'a'.repeat(86)}`,
  `$6$saltsaltsaltsalts$${'a'.repeat(86)}`,
  `$5$salt$${'a'.repeat(86)}`,
  `$6$rounds=01000$salt$${'a'.repeat(86)}`,
  `$6$sa:t$${'a'.repeat(86)}`,
  `$2b$13$${'a'.repeat(53)}`,
  `$2b$31$${'a'.repeat(53)}`,
  `$2b$03$${'a'.repeat(53)}`,
  `$2b$10$${'a'.repeat(52)}`,
  `$2x$10$${'a'.repeat(53)}`,
  'plain',
])('%s is none that can be checked', (text) => {
  expect(parseForeignHash(text)).toBeUndefined()
})

describe('a user with a foreign hash', () => {
  const [[password, hash]] = made as [(typeof made)[number]]
  const passwords = new Passwords()
  const sources = { isKnown: () => false, loginFailed: () => true, crowded: () => {} }

  async function house(wrap: (store: Store) => Pick<Store, 'users'> = (store) => store) {
    const folder = await temporaryFolder()
    const store = await openStore(folder)
    onTestFinished(() => store.close())
    await store.users.insert({ name: 'ann', password: hash, enabled: true, created: 0, ...noLimits })
    const accounts = await loadAccounts(store, [], passwords, { needed: [], warn() {} })
    const users = new Users({
      ...{ accounts, groups: new Groups(), passwords, turns: new Turns(), late: new LateChanges(() => {}) },
      store: wrap(store).users,
      loops: { userChanged: async () => 0 },
      indices: { begin: () => {} },
      policy: () => true,
    })
    const logins = new Logins(accounts, passwords, sources)
    const learnt = Promise.withResolvers<void>()
    logins.follow((account, secret) => users.learnPassword(account, secret).then(learnt.resolve, learnt.reject))
    const ask = (secret: string) =>
      logins.authenticate({ username: utf8('ann'), password: utf8(secret), source: new Uint8Array(16) }, () => true)
    return { store, accounts, users, ask, learnt: learnt.promise }
  }

  it('logs in with the password, and from then on has a hash of ours, which outlasts a restart', async () => {
    const { store, accounts, ask, learnt } = await house()
    expect(await ask('wrong')).toBeUndefined()
    expect((await store.users.list())[0]?.password).toBe(hash)
    expect(await ask(password)).toMatchObject({ user: 1 })
    await learnt
    expect((await store.users.list())[0]?.password).toMatch(/^\$scrypt-sha256\$/)
    expect(accounts.named('ann')?.password).not.toHaveProperty('foreign')
    expect(await ask(password)).toMatchObject({ user: 1 })
    expect(await ask('wrong')).toBeUndefined()
  })

  it('keeps a password that was changed meanwhile', async () => {
    const { accounts, users, ask } = await house()
    const before = accounts.named('ann')
    await users.setPassword('ann', 'another')
    if (before) await users.learnPassword(before, utf8(password))
    expect(await ask(password)).toBeUndefined()
    expect(await ask('another')).toMatchObject({ user: 1 })
  })

  it('keeps a password that another daemon of a fleet has stored meanwhile', async () => {
    const { store, accounts, users } = await house()
    const before = accounts.named('ann')
    await store.users.update({ id: before?.id ?? 0, password: 'what another has stored' })
    if (before) await users.learnPassword(before, utf8(password))
    expect(await store.users.named('ann')).toMatchObject({ password: 'what another has stored' })
    expect(accounts.named('ann')).toBe(before)
  })

  it('logs in though the disk takes nothing, and keeps the hash there is', async () => {
    const full = new StoreError('failed', 'the disk is full')
    const { accounts, ask, learnt } = await house((store) => ({
      users: { ...store.users, update: () => Promise.reject(full) },
    }))
    expect(await ask(password)).toMatchObject({ user: 1 })
    await expect(learnt).rejects.toBe(full)
    expect(accounts.named('ann')?.password).toMatchObject({ foreign: hash })
    expect(await ask(password)).toMatchObject({ user: 1 })
  })
})
