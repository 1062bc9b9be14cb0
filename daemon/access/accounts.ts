import type { Limits } from '../../shared/limits.ts'
import { byCodePoint } from './code-point-order.ts'
import type { PasswordHash } from './password-hash.ts'

/** One user. Never modified: a change puts another object in its place, so who holds one can tell that it is outdated. */
export interface Account {
  readonly name: string
  /** Of the session tables, 1 to 65,535; stable while the user exists and the daemon runs. */
  readonly index: number
  readonly password: PasswordHash
  readonly enabled: boolean
  /** The store's, which outlasts the daemon; undefined for a user given with `--user`, who lasts as long as the daemon. */
  readonly id: number | undefined
  /** Whole milliseconds since 1970. */
  readonly created: number
  /** Their own. */
  readonly limits: Limits
  /** Of the change that set the limits last, counted over all users and groups; 0: they were never set. */
  readonly revision: number
  /** Whole milliseconds since 1970; null: their first use is not known, or does not matter. */
  readonly firstUsed: number | null
}

/** Of a user who was given none. */
export const noLimits = { limits: {}, revision: 0, firstUsed: null } as const

/** Indices are 16 bits, and 0 stands for clients without login. */
const mostUsers = 65_535

/** The users in memory: all, but for those of a fleet that has more of them than fit. */
export class Accounts {
  readonly #limit: number
  readonly #byName = new Map<string, Account>()
  /** Removed users included until their index is released. */
  readonly #names = new Map<number, string>()
  /** By index, also of users whose index is released, until it is given again. */
  readonly #lastNames = new Map<number, string>()
  readonly #released: number[] = []
  /** Whether only some of the store's users are here: see `AbsentAccounts`. */
  isPartial = false
  /** How many others there are, as far as is known. */
  absent = 0
  #highestIndex = 0
  /** By name in code point order, from the first time that it is asked for. */
  #sorted: Account[] | undefined
  #revision = 0

  constructor(limit: number = mostUsers) {
    this.#limit = limit
  }

  /** Those who are not here included. */
  get size(): number {
    return this.#byName.size + this.absent
  }

  /** For how many more users there is an index. */
  get room(): number {
    return this.#limit - this.#names.size
  }

  /** Whether there is none for another user. */
  get isFull(): boolean {
    return this.room <= 0
  }

  /** Of the last change to any of them; it only grows. */
  get revision(): number {
    return this.#revision
  }

  /** No index above it was ever given. */
  get highestIndex(): number {
    return this.#highestIndex
  }

  named(name: string): Account | undefined {
    return this.#byName.get(name)
  }

  /** Whose sessions have this index: a user's name, for a removed one until the index is released. */
  nameOf(index: number): string | undefined {
    return this.#names.get(index)
  }

  /** Whose sessions had this index last: `nameOf`, and also a removed user's name after the release. */
  lastNameOf(index: number): string | undefined {
    return this.#lastNames.get(index)
  }

  /** By name in code point order. The list is kept, and changes with the users. */
  list(): readonly Account[] {
    this.#sorted ??= [...this.#byName.values()].sort((a, b) => byCodePoint(a.name, b.name))
    return this.#sorted
  }

  /** At most `limit` of the users behind this name in the list, whether it is there or not; of all without it. */
  page(limit: number, after?: string): readonly Account[] {
    const list = this.list()
    let start = after === undefined ? 0 : placeOf(list, after)
    if (list[start]?.name === after) start++
    return list.slice(start, start + limit)
  }

  /** Adds a user under an index of their own. The caller has seen that the name is free and that there is room. */
  add(fields: Omit<Account, 'index'>): Account {
    const account = { ...fields, index: this.#takeIndex() }
    this.#names.set(account.index, account.name)
    this.#lastNames.set(account.index, account.name)
    this.put(account)
    return account
  }

  /** Puts `account` in the place of the one with its name and index. */
  put(account: Account): void {
    const isNew = !this.#byName.has(account.name)
    this.#byName.set(account.name, account)
    const sorted = this.#sorted
    if (sorted && isNew) sorted.splice(placeOf(sorted, account.name), 0, account)
    else if (sorted) sorted[placeOf(sorted, account.name)] = account
    this.#revision++
  }

  /** From now on nobody logs in as this user; the index stays taken until `release`. */
  remove(account: Account): void {
    if (this.#byName.delete(account.name)) this.#sorted?.splice(placeOf(this.#sorted, account.name), 1)
    this.#revision++
  }

  /** Lets a removed user's index be given again, once no session has it. */
  release(index: number): void {
    this.#names.delete(index)
    this.#released.push(index)
  }

  /** Unused ones first: the longer an index rests, the less there is to be mistaken about. */
  #takeIndex(): number {
    const index = this.#highestIndex < this.#limit ? ++this.#highestIndex : this.#released.shift()
    if (index === undefined) throw new RangeError('no index is free')
    return index
  }
}

/** How many in the sorted list come before this name. */
function placeOf(sorted: readonly Account[], name: string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (byCodePoint(sorted[middle].name, name) < 0) low = middle + 1
    else high = middle
  }
  return low
}
