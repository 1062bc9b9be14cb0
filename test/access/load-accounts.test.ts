import { expect, it } from 'vitest'
import { loadAccounts } from '../../daemon/access/load-accounts.ts'
import { formatPasswordHash } from '../../daemon/access/password-hash.ts'
import { Passwords } from '../../daemon/access/passwords.ts'
import { Failure } from '../../daemon/failure.ts'
import { openStore } from '../../daemon/store/open-store.ts'
import type { StoredUser } from '../../daemon/store/store.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const passwords = new Passwords()
const asker = { network: '', name: '', isKnown: false }
const password = formatPasswordHash(await passwords.hash('secret'))
const bob: Omit<StoredUser, 'id'> = { name: 'bob', password, enabled: false, created: 7 }

async function load(
  stored: readonly Omit<StoredUser, 'id'>[],
  temporary: readonly { name: string; password: string }[],
) {
  const store = await openStore(await temporaryFolder())
  for (const user of stored) await store.users.insert(user)
  try {
    return await loadAccounts(store.users, temporary, passwords)
  } finally {
    await store.close()
  }
}

it('brings lasting and temporary users together', async () => {
  const accounts = await load([bob], [{ name: 'ann', password: 'another' }])
  expect(accounts.list()).toMatchObject([
    { id: undefined, name: 'ann', enabled: true },
    { id: 1, name: 'bob', enabled: false, created: 7 },
  ])
  expect(new Set(accounts.list().map(({ index }) => index)).size).toBe(2)
  const [ann, { password: hash } = {}] = accounts.list()
  expect(ann && (await passwords.matches(Buffer.from('another'), ann.password, asker))).toBe(true)
  expect(hash && (await passwords.matches(Buffer.from('secret'), hash, asker))).toBe(true)
})

it.each([
  ['a temporary user with the name of a lasting one', [bob], ['bob'], 'lasting user of that name'],
  ['a damaged password', [{ ...bob, password: 'secret' }], [], 'stored password of "bob" is damaged'],
])('refuses %s', async (_what, stored, names, reason) => {
  const temporary = names.map((name) => ({ name, password: 'secret' }))
  const error: unknown = await load(stored, temporary).catch((error: unknown) => error)
  expect(error).toBeInstanceOf(Failure)
  expect(String(error)).toContain(reason)
  expect(String(error)).not.toContain('secret')
})
