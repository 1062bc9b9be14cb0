import { isDeepStrictEqual } from 'node:util'
import type { Limits } from '../../shared/limits.ts'
import type { ImportChange, KeptUser, Params, Result } from '../../shared/protocol/methods.ts'
import { newUserNameRules } from '../../shared/protocol/text-rules.ts'
import { type Account, type Accounts, noLimits } from '../access/accounts.ts'
import type { Groups } from '../access/groups.ts'
import type { LateChanges } from '../access/late-changes.ts'
import { formatPasswordHash, type PasswordHash, parsePasswordHash } from '../access/password-hash.ts'
import type { Passwords } from '../access/passwords.ts'
import { type Loops, toStored } from '../access/users.ts'
import type { LimitChanges } from '../limits/limit-changes.ts'
import type { LimitKeeper } from '../limits/limit-keeper.ts'
import { merged, plain, readChanges, readNewName, refuseName, startedAt } from '../limits/limit-values.ts'
import type { Usage } from '../limits/usage.ts'
import { Refusal } from '../refusal.ts'
import type { LoginChange, Store, StoredGroup, StoredLimits, StoredUsage } from '../store/store.ts'
import type { Turns } from '../turns.ts'

export interface AccountTransferOptions {
  readonly accounts: Accounts
  readonly groups: Groups
  readonly limits: Pick<LimitChanges, 'takeRevision'>
  readonly keeper: LimitKeeper
  readonly usage: Usage
  /** What users, by id, have moved on all nodes; undefined where there are no others. */
  readonly totals?: ((ids: readonly number[]) => Promise<readonly StoredUsage[]>) | undefined
  readonly passwords: Passwords
  readonly store: Pick<Store, 'imports'>
  readonly late: LateChanges
  /** In which all that changes users takes its turn. */
  readonly turns: Turns
  readonly loops: Loops
  /** Starts a user's index from nothing; the loops hear of it by `obey`. */
  readonly begin: (account: Account) => void
  /** As `LimitChanges` has it. */
  readonly obey: () => Promise<unknown>
  /** Whether clients must log in, as things are when it is called. */
  readonly passwordRequired: () => boolean
  /** As `AbsentAccounts` has it; undefined where all users are in memory for good. */
  readonly makeRoom?: ((users: number) => Promise<void>) | undefined
}

type Wish = Params<'transfer.import'>
type WishedUser = NonNullable<Wish['users']>[number]

/** What becomes of a user. */
interface Move {
  /** Undefined: they are new. */
  readonly before: Account | undefined
  readonly after: Omit<Account, 'id' | 'index'>
  readonly used: Omit<StoredUsage, 'user'> | undefined
}

interface GroupMove {
  readonly name: string
  /** Undefined: it is new. */
  readonly before: Limits | undefined
  readonly limits: Limits
}

/** In place of a password's, where only the difference is asked for. */
const unhashed: PasswordHash = { cost: 1, blockSize: 1, parallelism: 1, salt: new Uint8Array(), key: new Uint8Array() }

/**
 * Users and groups, taken elsewhere and brought here. What one call brings is first stored, all or none, and then acts; it
 * takes its turn with all that changes users. Throws a Refusal.
 */
export class AccountTransfer {
  readonly #options: AccountTransferOptions

  constructor(options: AccountTransferOptions) {
    this.#options = options
  }

  /** By name. Those given with `--user` do not last, so they are left out. */
  async export({ cursor, limit = 500 }: Params<'transfer.export'>): Promise<Result<'transfer.export'>> {
    if (this.#options.accounts.isPartial)
      throw new Refusal('conflict', 'there are too many users for an export: take them from PostgreSQL, with pg_dump')
    const found = this.#options.accounts.page(limit + 1, cursor)
    const shown = found.slice(0, limit)
    const lasting = shown.filter(({ id }) => id !== undefined)
    const used = await this.#usedBy(lasting)
    const users = lasting.map((account) => keptOf(account, used(account)))
    return found.length > limit ? { users, next: shown.at(-1)?.name } : { users }
  }

  async import({
    users = [],
    groups = [],
    expected = [],
    ahead,
    dryRun = false,
  }: Wish): Promise<Result<'transfer.import'>> {
    const passwords = await this.#hashes(users, dryRun)
    return this.#options.turns.take(async () => {
      // First, for it may send others away.
      const { accounts, makeRoom } = this.#options
      await makeRoom?.(users.filter(({ name }) => !accounts.named(name)).length)
      const groupMoves = groups.map((group) => this.#groupMove(group)).filter(isOther)
      const known = new Set([...groups.map(({ name }) => name), ...(dryRun ? expected : [])])
      const moves = users.map((user, i) => this.#move(user, passwords[i], known))
      refuseTwice(groups)
      refuseTwice(users)
      this.#refuseTooMany(groupMoves, moves, (dryRun && ahead) || { groups: 0, users: 0 })
      const told = moves.map((move) => ({ move, change: userChange(move) }))
      const changes = [...groupMoves.map(groupChange), ...told.flatMap(({ change }) => change ?? [])]
      const changed = told.flatMap(({ move, change }) => (change ? [move] : []))
      return { changes, cut: dryRun || changes.length === 0 ? 0 : await this.#make(groupMoves, changed) }
    })
  }

  /** A node knows what its clients have moved; what others have, and what an import there brought, the store knows. */
  async #usedBy(accounts: readonly Account[]): Promise<(account: Account) => KeptUser['used']> {
    const { usage, totals } = this.#options
    if (!totals) return (account) => usage.of(account)
    await usage.save(Date.now())
    const stored = await totals(accounts.flatMap(({ id }) => id ?? []))
    const byId = new Map(stored.map(({ user, ...used }) => [user, used]))
    return ({ id = 0 }) => {
      const used = byId.get(id)
      return used && used.up + used.down + used.marked > 0 ? used : undefined
    }
  }

  /** Of each that brings a password, or a hash of one. */
  #hashes(users: readonly WishedUser[], dryRun: boolean): Promise<(PasswordHash | undefined)[]> {
    return Promise.all(
      users.map(async ({ name, hash, password }) => {
        if (hash !== undefined) return readHash(name, hash)
        if (password === undefined) return undefined
        return dryRun ? unhashed : this.#options.passwords.hash(password)
      }),
    )
  }

  #groupMove({ name, limits }: NonNullable<Wish['groups']>[number]): GroupMove {
    const { groups } = this.#options
    const before = groups.named(name)?.limits
    if (!before) readNewName(name)
    return { name, before, limits: merged({}, readChanges(limits, true)) }
  }

  #move(wish: WishedUser, password: PasswordHash | undefined, known: ReadonlySet<string>): Move {
    const { accounts, groups } = this.#options
    const { name, used } = wish
    const before = accounts.named(name)
    if (before && before.id === undefined)
      throw conflict(name, 'was given with --user for this run: start proxyd without that')
    if (!before) refuseName('user', name, newUserNameRules)
    const kept = before?.password ?? password
    if (kept === undefined) throw new Refusal('invalid', `${user(name)} is new, so a password or a hash is needed`)
    const limits: Limits = wish.limits ? merged({}, readChanges(wish.limits)) : (before?.limits ?? noLimits.limits)
    const { group } = limits
    if (typeof group === 'string' && !groups.named(group) && !known.has(group))
      throw conflict(name, `is in the group ${JSON.stringify(group)}, which there is not: add it first`)
    const begun = startedAt(limits, groups.of(limits).limits, groups.everybody.limits, Date.now())
    const after = {
      name,
      password: password ?? kept,
      enabled: wish.enabled ?? before?.enabled ?? true,
      created: wish.created ?? before?.created ?? Date.now(),
      limits: begun ?? limits,
      revision: before?.revision ?? 0,
      firstUsed: wish.firstUsed === undefined ? (before?.firstUsed ?? null) : wish.firstUsed,
    }
    return { before, after, used: before ? undefined : used }
  }

  #refuseTooMany(groupMoves: readonly GroupMove[], moves: readonly Move[], ahead: NonNullable<Wish['ahead']>): void {
    const { accounts, groups, makeRoom } = this.#options
    // Where others are sent away for those who come, there is room for them by then.
    const before = makeRoom ? 0 : ahead.users
    const added = before + moves.filter(({ before }) => !before).length
    if (added > accounts.room)
      throw new Refusal('conflict', `there is room for ${accounts.room} more users, and these are ${added}`)
    const addedGroups = ahead.groups + groupMoves.filter(({ before }) => !before).length
    if (addedGroups > groups.room)
      throw new Refusal('conflict', `there is room for ${groups.room} more groups, and these are ${addedGroups}`)
  }

  /** Resolves to how many connections were cut. */
  async #make(groupMoves: readonly GroupMove[], moves: readonly Move[]): Promise<number> {
    const { accounts, groups, keeper, usage, store, late, limits, begin, obey } = this.#options
    const revision = limits.takeRevision()
    const putGroups: StoredGroup[] = groupMoves.map(({ name, limits }) => ({ name, limits, revision }))
    const revisionOf = (name: string) => groups.named(name)?.revision ?? 0
    const nextOf = ({ before, after }: Move) =>
      isDeepStrictEqual(before?.limits ?? {}, after.limits) ? after : { ...after, revision }
    const fresh = moves.filter(({ before }) => !before)
    const others = moves.flatMap((move) => {
      return move.before ? [{ before: move.before, account: { ...nextOf(move), ...idsOf(move.before) } }] : []
    })
    const changed = others.map(({ account }) => account)
    await late.settle()
    const ids = await store.imports.save({
      groups: putGroups.map((group) => ({ ...group, was: revisionOf(group.name) })),
      added: fresh.map((move) => ({ ...toStored(nextOf(move)), used: move.used })),
      logins: others.flatMap(({ before, account }) => loginChange(before, account)),
      limits: others.flatMap(({ before, account }) => limitsChange(before, account)),
    })
    for (const group of putGroups) groups.put(group)
    const added = fresh.map((move, i) => {
      const account = accounts.add({ ...nextOf(move), id: ids[i] })
      begin(account)
      if (move.used) usage.adopt(account.index, move.used)
      return account
    })
    for (const account of changed) accounts.put(account)
    await keeper.writeAll(putGroups.length > 0 ? [...accounts.list()] : [...added, ...changed])
    keeper.look()
    await obey()
    return this.#tell(added.length > 0, moves)
  }

  /** Of those who are new no loop knows anything. Of others, what changed of the login is told one by one. */
  async #tell(hasNew: boolean, moves: readonly Move[]): Promise<number> {
    const { accounts, loops, passwordRequired } = this.#options
    const tell = (user: number, cut: boolean) =>
      loops.userChanged({ user, revision: accounts.revision, cut, passwordRequired: passwordRequired() })
    if (hasNew) await tell(0, false)
    const cuts = moves.map(({ before, after }) => {
      if (!before || (before.enabled === after.enabled && before.password === after.password)) return 0
      return tell(before.index, before.enabled && !after.enabled)
    })
    return (await Promise.all(cuts)).reduce((sum, cut) => sum + cut, 0)
  }
}

function keptOf(account: Account, used: KeptUser['used']): KeptUser {
  const { name, password, enabled, created, limits, firstUsed } = account
  return {
    ...{ name, hash: formatPasswordHash(password), enabled, created },
    ...(Object.keys(limits).length > 0 && { limits: plain(limits) }),
    ...(firstUsed !== null && { firstUsed }),
    ...(used && { used }),
  }
}

/** None if nothing of that changes. */
function loginChange(before: Account, { id, ...after }: Account): LoginChange[] {
  const isSamePassword = formatPasswordHash(before.password) === formatPasswordHash(after.password)
  const change = {
    password: isSamePassword ? undefined : formatPasswordHash(after.password),
    enabled: before.enabled === after.enabled ? undefined : after.enabled,
    created: before.created === after.created ? undefined : after.created,
  }
  return Object.values(change).every((value) => value === undefined) ? [] : [{ id: id as number, ...change }]
}

function limitsChange(before: Account, { id, limits, revision, firstUsed }: Account): StoredLimits[] {
  if (before.firstUsed === firstUsed && isDeepStrictEqual(before.limits, limits)) return []
  return [{ id: id as number, limits, revision, firstUsed, was: before.revision }]
}

function idsOf({ id, index }: Account) {
  return { id, index }
}

function readHash(name: string, text: string): PasswordHash {
  const hash = parsePasswordHash(text)
  if (hash) return hash
  throw new Refusal(
    'invalid',
    `the hash of ${user(name)} is none that proxyd can check ($scrypt-sha256$ of its own, $5$ and $6$ with at most 100,000 ` +
      'rounds, $2a$, $2b$ and $2y$ up to a cost of 12): give a password in its place',
  )
}

function isOther({ before, limits }: GroupMove): boolean {
  return !before || !isDeepStrictEqual(before, limits)
}

function groupChange({ name, before, limits }: GroupMove): ImportChange {
  return { of: 'group', name, isNew: !before, fields: before ? differences(plain(before), plain(limits)) : {} }
}

/** Undefined: nothing changes. */
function userChange({ before, after }: Move): ImportChange | undefined {
  const { name } = after
  if (!before) return { of: 'user', name, isNew: true, fields: {} }
  const factsOf = ({ enabled, created, firstUsed, limits }: Move['after']) => ({
    ...{ enabled, created, firstUsed },
    ...plain(limits),
  })
  const isSamePassword = formatPasswordHash(before.password) === formatPasswordHash(after.password)
  const fields = {
    ...differences(factsOf(before), factsOf(after)),
    ...(!isSamePassword && { password: {} }),
  }
  return Object.keys(fields).length === 0 ? undefined : { of: 'user', name, isNew: false, fields }
}

function differences(before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>) {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  const changed = names.filter((name) => !isDeepStrictEqual(before[name], after[name]))
  return Object.fromEntries(changed.map((name) => [name, { before: before[name], after: after[name] }]))
}

function refuseTwice(all: readonly { readonly name: string }[]): void {
  const seen = new Set<string>()
  for (const { name } of all) {
    if (seen.has(name)) throw new Refusal('invalid', `${JSON.stringify(name)} is there twice`)
    seen.add(name)
  }
}

function conflict(name: string, why: string): Refusal {
  return new Refusal('conflict', `${user(name)} ${why}`)
}

function user(name: string): string {
  return `the user ${JSON.stringify(name)}`
}
