import { newUserNameRules, problemWithText, userPasswordRules } from '../../shared/protocol/text-rules.ts'
import { Failure } from '../failure.ts'
import type { Store, StoredUser, UserStore } from '../store/store.ts'
import { Accounts, noLimits } from './accounts.ts'
import { lostPassword, storedPassword } from './password-hash.ts'
import type { Passwords } from './passwords.ts'

/** Users of a fleet's store that a node has in memory from the start on; of more, each has those who come to it. */
const mostFromStart = 50_000

/** Of many whose password is damaged, so many are named. */
const mostNamed = 20

interface LoadOptions {
  /** Who is needed before anybody logs in. */
  readonly needed: Iterable<string>
  /** Hears of what is damaged. */
  readonly warn: (message: string) => void
}

/**
 * All users at the daemon's start: those of the store, and those given with `--user`, whose names differ. Of a store of a fleet
 * that has very many, those who are needed: the others come by name. As one whose stored password is damaged nobody can log in.
 * Rejects with a Failure if a flag makes no sense or has the name of a lasting user, or there are too many.
 */
export async function loadAccounts(
  { users: store, fleet }: Pick<Store, 'users' | 'fleet'>,
  userFlags: readonly string[],
  passwords: Passwords,
  { needed, warn }: LoadOptions,
): Promise<Accounts> {
  const temporary = parseUserFlags(userFlags)
  const accounts = new Accounts()
  const count = fleet ? await store.count() : 0
  if (count > mostFromStart) Object.assign(accounts, { isPartial: true, absent: count })
  const closed: string[] = []
  for (const user of accounts.isPartial ? await named(store, needed) : await store.list()) {
    refuseIfFull(accounts)
    const password = storedPassword(user.password)
    if (password === lostPassword) closed.push(user.name)
    accounts.add({ ...user, password })
  }
  if (closed.length > 0) warn(shutOut(...closed))
  accounts.absent -= accounts.isPartial ? accounts.list().length : 0
  for (const { name, password } of temporary) {
    const isTaken = accounts.isPartial ? (await store.named(name)) !== undefined : accounts.named(name) !== undefined
    if (isTaken) throw new Failure(1, clash(name))
    refuseIfFull(accounts)
    const hash = await passwords.hash(password)
    accounts.add({ id: undefined, name, password: hash, enabled: true, created: Date.now(), ...noLimits })
  }
  return accounts
}

async function named(store: UserStore, names: Iterable<string>): Promise<StoredUser[]> {
  const users = await Promise.all([...new Set(names)].map((name) => store.named(name)))
  return users.filter((user) => user !== undefined)
}

/** For people: who has a damaged password in the store. They are there all the same: without users anybody might come. */
export function shutOut(...names: readonly string[]): string {
  const shown = names.slice(0, mostNamed).map((name) => JSON.stringify(name))
  const more = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : ''
  const mend = "give them another with 'passwd'"
  return `the stored password of ${shown.join(', ')}${more} is damaged, so nobody can log in as them: ${mend}`
}

function clash(name: string): string {
  const mend = 'leave the flag out or choose another name'
  return `--user ${JSON.stringify(name)}: there is a lasting user of that name already, so ${mend}`
}

function refuseIfFull(accounts: Accounts): void {
  if (accounts.isFull)
    throw new Failure(1, `there are more than ${accounts.size} users, the most there can be: remove some`)
}

/** A user for one run of the daemon. */
interface TemporaryUser {
  readonly name: string
  readonly password: string
}

/** Reads every `--user`. Throws a Failure if one makes no sense or two have one name. */
export function parseUserFlags(texts: readonly string[]): TemporaryUser[] {
  const users = new Map<string, TemporaryUser>()
  for (const user of texts.map(parseUserFlag)) {
    if (users.has(user.name)) {
      throw new Failure(2, `--user ${JSON.stringify(user.name)} is given twice: choose another name for one of them`)
    }
    users.set(user.name, user)
  }
  return [...users.values()]
}

/**
 * Reads `NAME:PASS` of `--user`, split at the first colon: the password may have more. Throws a Failure that
 * repeats nothing of a text which may be a password.
 */
function parseUserFlag(text: string): TemporaryUser {
  const colon = text.indexOf(':')
  if (colon < 0) throw new Failure(2, '--user takes NAME:PASS, and there is no colon in what it got')
  const user = { name: text.slice(0, colon), password: text.slice(colon + 1) }
  refuse('name', problemWithText(newUserNameRules, user.name))
  refuse('password', problemWithText(userPasswordRules, user.password))
  return user
}

function refuse(part: string, problem: string | null): void {
  if (problem !== null) throw new Failure(2, `--user takes NAME:PASS, and the ${part} ${problem}`)
}
