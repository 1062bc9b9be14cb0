import { Failure } from '../failure.ts'
import type { StoredUser, UserStore } from '../store/store.ts'
import { Accounts } from './accounts.ts'
import { type PasswordHash, parsePasswordHash } from './password-hash.ts'
import type { Passwords } from './passwords.ts'
import type { TemporaryUser } from './user-flag.ts'

/**
 * All users at the daemon's start: those of the store, and those given with `--user`, whose names differ. Throws an
 * Failure if a temporary user has the name of a lasting one, there are too many, or a stored password is damaged.
 */
export async function loadAccounts(
  store: UserStore,
  temporary: readonly TemporaryUser[],
  passwords: Passwords,
): Promise<Accounts> {
  const accounts = new Accounts()
  for (const user of await store.list()) {
    refuseIfFull(accounts)
    accounts.add({ ...user, password: passwordOf(user) })
  }
  for (const { name, password } of temporary) {
    if (accounts.named(name)) throw new Failure(1, clash(name))
    refuseIfFull(accounts)
    const hash = await passwords.hash(password)
    accounts.add({ id: undefined, name, password: hash, enabled: true, created: Date.now() })
  }
  return accounts
}

function passwordOf(user: StoredUser): PasswordHash {
  const hash = parsePasswordHash(user.password)
  if (hash) return hash
  throw new Failure(
    1,
    `the stored password of ${JSON.stringify(user.name)} is damaged: restore a copy of the state directory`,
  )
}

function clash(name: string): string {
  const mend = 'leave the flag out or choose another name'
  return `--user ${JSON.stringify(name)}: there is a lasting user of that name already, so ${mend}`
}

function refuseIfFull(accounts: Accounts): void {
  if (accounts.isFull)
    throw new Failure(1, `there are more than ${accounts.size} users, the most there can be: remove some`)
}
