import { isDeepStrictEqual } from 'node:util'
import { defaultGroup, type LimitName, type Limits, limitNames } from '../../shared/limits.ts'
import type { Group as GroupRow, Params, Result, User } from '../../shared/protocol/methods.ts'
import type { Account, Accounts } from '../access/accounts.ts'
import type { Group, Groups } from '../access/groups.ts'
import type { LateChanges } from '../access/late-changes.ts'
import { Refusal } from '../refusal.ts'
import { inSlices } from '../slices.ts'
import type { BuiltOn, GroupStore, StoredGroup, StoredLimits, UserStore } from '../store/store.ts'
import type { Turns } from '../turns.ts'
import { effective } from './effective-limits.ts'
import type { LimitKeeper } from './limit-keeper.ts'
import {
  type Changes,
  isSame,
  merged,
  orInvalid,
  plain,
  readChanges,
  readNewName,
  startedAt,
  valuesOf,
} from './limit-values.ts'
import { isTighter } from './tighter-limits.ts'
import { parseUserFilter } from './user-filter.ts'

export interface LimitChangesOptions {
  readonly accounts: Accounts
  readonly groups: Groups
  readonly keeper: LimitKeeper
  readonly store: { readonly users: UserStore; readonly groups: GroupStore }
  readonly late: LateChanges
  /** In which all that changes users takes its turn. */
  readonly turns: Turns
  /** Has live connections and rules obey what was written, and what groups there are; resolves when all loops do. */
  readonly obey: () => Promise<unknown>
}

/**
 * Changes to limits and groups, for operators. They are first stored, then act, and if they cannot be stored, nothing has
 * changed; but those that only take something away act first, and are stored when they can be. They take their turns with all
 * that changes users. Throws a Refusal.
 */
export class LimitChanges {
  readonly #accounts: Accounts
  readonly #groups: Groups
  readonly #keeper: LimitKeeper
  readonly #store: LimitChangesOptions['store']
  readonly #late: LateChanges
  /** By user or group, what acts and is not stored yet. */
  readonly #unsaved = new Map<number, StoredLimits>()
  readonly #unsavedGroups = new Map<string, BuiltOn>()
  readonly #turns: Turns
  readonly #obey: () => Promise<unknown>
  /** Of the last change to any user or group; it only grows. */
  #revision: number
  /** In words, how far the clock of this machine is from that of the other nodes of a fleet; undefined: it is theirs. */
  #clockOff: string | undefined

  constructor({ accounts, groups, keeper, store, late, turns, obey }: LimitChangesOptions) {
    this.#late = late
    this.#accounts = accounts
    this.#groups = groups
    this.#keeper = keeper
    this.#store = store
    this.#turns = turns
    this.#obey = obey
    this.#revision = [...accounts.list(), ...groups.list()].reduce((most, { revision }) => Math.max(most, revision), 0)
  }

  /** For a change to limits or groups that somebody else makes, in a turn of theirs. */
  takeRevision(): number {
    return ++this.#revision
  }

  /** Goes on counting from here at least: somebody else has made a change with this revision, in a turn of theirs. */
  reachRevision(revision: number): void {
    this.#revision = Math.max(this.#revision, revision)
  }

  /** By the moment of it each node knows whether a quota has begun anew: from now on, that is told with a clock that is so far off. */
  clockIs(off: string | undefined): void {
    this.#clockOff = off
  }

  /** See the method `users.set`. */
  set({ names, where, fields, ifRevision }: Params<'users.set'>): Promise<Result<'users.set'>> {
    return this.#turns.take(async () => {
      const accounts = await this.#chosen(names, where)
      const changes = readChanges(fields)
      this.#refuseUnknownGroup(changes)
      for (const { revision } of accounts) this.#refuseOutdated(revision, ifRevision)
      const revision = this.#revision + 1
      const merge = mergeOnce(changes)
      const next = (await inSlices(accounts, (account) => this.#changed(account, changes, merge, revision))).filter(
        (account) => account !== undefined,
      )
      const stored = await this.#put(next)
      const result = { changed: next.length, revision: this.#revision, stored }
      if (names?.length !== 1) return result
      const [before] = accounts
      return { ...result, before: valuesOf(before.limits, changes), after: this.#inForce(next[0] ?? before, changes) }
    })
  }

  /** See the method `users.resetQuota`. */
  resetQuota({ names, where }: Params<'users.resetQuota'>): Promise<Result<'users.resetQuota'>> {
    return this.#turns.take(async () => {
      const accounts = await this.#chosen(names, where)
      if (this.#clockOff !== undefined) {
        const mend = 'have it set, or reset the quota on another node'
        throw new Refusal(
          'conflict',
          `the clock of this machine is ${this.#clockOff}, so the other nodes would not hear of it: ${mend}`,
        )
      }
      await this.#keeper.reset(accounts)
      await this.#obey()
      return { reset: accounts.length }
    })
  }

  /** A user whose time begins with their first use has come. */
  cameFirst({ name }: Account, now: number): Promise<unknown> {
    return this.#turns.take(async () => {
      const account = this.#accounts.named(name)
      if (account) await this.#put([{ ...account, firstUsed: now }])
    })
  }

  /** By name. */
  groups(): GroupRow[] {
    const members = new Map<Group, number>()
    for (const { limits } of this.#accounts.list()) {
      const group = this.#groups.of(limits)
      members.set(group, (members.get(group) ?? 0) + 1)
    }
    return this.#groups.list().map((group) => {
      const { name, limits, revision } = group
      return { name, limits: plain(limits), members: members.get(group) ?? 0, revision }
    })
  }

  /** As `groups`, with members who are not in memory. */
  async countedGroups(): Promise<GroupRow[]> {
    const groups = this.groups()
    if (!this.#accounts.isPartial) return groups
    const counts = await Promise.all(groups.map(({ name }) => this.#store.users.count(name)))
    return groups.map((group, i) => ({ ...group, members: counts[i] ?? 0 }))
  }

  addGroup({ name, fields }: Params<'groups.add'>): Promise<Result<'groups.add'>> {
    return this.#turns.take(async () => {
      if (this.#groups.named(readNewName(name)))
        throw new Refusal('exists', `there is a group ${JSON.stringify(name)} already`)
      if (this.#groups.isFull)
        throw new Refusal('conflict', 'there are as many groups as there can be: remove one first')
      await this.#putGroup({ name, limits: {}, revision: 0 }, readChanges(fields, true))
      await this.#obey()
      return { revision: this.#revision }
    })
  }

  setGroup({ name, fields, ifRevision }: Params<'groups.set'>): Promise<Result<'groups.set'>> {
    return this.#turns.take(async () => {
      const group = this.#existingGroup(name)
      const changes = readChanges(fields, true)
      this.#refuseOutdated(group.revision, ifRevision)
      const before = valuesOf(group.limits, changes)
      const store = await this.#putGroup(group, changes)
      const isConcerned = name === defaultGroup ? () => true : ({ limits }: Account) => limits.group === name
      await this.#keeper.writeAll(this.#accounts.list().filter(isConcerned))
      await this.#act()
      return { members: await this.#countMembers(name), revision: this.#revision, before, stored: await store() }
    })
  }

  removeGroup(name: string): Promise<void> {
    return this.#turns.take(async () => {
      const group = this.#existingGroup(name)
      if (name === defaultGroup)
        throw new Refusal('conflict', `the group ${name} is everybody's: it can be without limits, not removed`)
      const members = await this.#countMembers(name)
      if (members > 0)
        throw new Refusal(
          'conflict',
          `the group ${JSON.stringify(name)} has ${members} ${members === 1 ? 'user' : 'users'}: give them another first`,
        )
      await this.#storeFirst(() => this.#store.groups.remove(name))
      this.#groups.remove(group)
      await this.#obey()
    })
  }

  async #countMembers(name: string): Promise<number> {
    if (this.#accounts.isPartial) return this.#store.users.count(name)
    return this.#accounts.list().filter(({ limits }) => this.#groups.of(limits).name === name).length
  }

  /** Resolves to what stores it once it acts, unless it is stored already, and tells whether it is then. */
  async #putGroup(group: StoredGroup, changes: Changes): Promise<() => Promise<boolean>> {
    const next = { name: group.name, limits: merged(group.limits, changes), revision: this.#revision + 1 }
    const { name, revision: was } = group
    const isTighter = this.#isTighterGroup(group, next)
    if (!isTighter) await this.#storeFirst(() => this.#store.groups.put(next, { was }))
    this.#revision++
    this.#groups.put(next)
    return async () => {
      if (!isTighter) return true
      const unsaved = onTop(this.#unsavedGroups.get(name), { was, fields: differences(group.limits, next.limits) })
      this.#unsavedGroups.set(name, unsaved)
      return this.#late.store(`group ${JSON.stringify(name)}`, async () => {
        await this.#store.groups.put(next, unsaved)
        if (this.#unsavedGroups.get(name) === unsaved) this.#unsavedGroups.delete(name)
      })
    }
  }

  /** Resolves to whether it is stored. */
  async #put(accounts: readonly Account[]): Promise<boolean> {
    if (accounts.length === 0) return true
    const areTighter = (await inSlices(accounts, (account) => this.#isTighterFor(account))).every(Boolean)
    const rows = (await inSlices(accounts, (account) => this.#rowOf(account, areTighter))).filter(
      (row) => row !== undefined,
    )
    if (!areTighter) await this.#storeFirst(() => this.#store.users.setLimits(rows))
    this.#revision++
    await inSlices(accounts, (account) => this.#accounts.put(account))
    await this.#keeper.writeAll(accounts)
    await this.#act()
    if (!areTighter) return true
    for (const row of rows) this.#unsaved.set(row.id, onTop(this.#unsaved.get(row.id), row))
    return this.#late.store('the limits of users', this.#save)
  }

  /** What gives somebody something. */
  async #storeFirst(write: () => Promise<unknown>): Promise<void> {
    await this.#late.settle()
    await write()
  }

  readonly #save = async (): Promise<void> => {
    const rows = [...this.#unsaved.values()]
    await this.#store.users.setLimits(rows)
    for (const row of rows) if (this.#unsaved.get(row.id) === row) this.#unsaved.delete(row.id)
  }

  /**
   * As a user who is stored is to be. What takes something away does so whatever else another daemon of a fleet has changed
   * meanwhile; what gives something does not.
   */
  #rowOf({ id, name, limits, revision, firstUsed }: Account, isTighter: boolean): StoredLimits | undefined {
    if (id === undefined) return undefined
    const before = this.#accounts.named(name)
    const fields = isTighter && before ? differences(before.limits, limits) : undefined
    return { id, limits, revision, firstUsed, was: before?.revision, fields }
  }

  /** Another group has other rules, too. */
  #isTighterFor(next: Account): boolean {
    const before = this.#accounts.named(next.name)
    if (!before || before.limits.group !== next.limits.group) return false
    return isTighter(this.#keeper.effective.of(before), this.#keeper.effective.of(next))
  }

  /** Of those who have nothing of their own; of others less changes. */
  #isTighterGroup(before: StoredGroup, after: StoredGroup): boolean {
    const { everybody } = this.#groups
    if (!this.#groups.named(before.name)) return false
    const limitsOf = (group: StoredGroup) =>
      group.name === defaultGroup ? effective({}, {}, group.limits) : effective({}, group.limits, everybody.limits)
    return isTighter(limitsOf(before), limitsOf(after))
  }

  async #act(): Promise<void> {
    this.#keeper.look()
    await this.#obey()
  }

  /** A span from now on is a moment; one from the first use on waits for the next. Undefined if nothing changes. */
  #changed(
    account: Account,
    changes: Changes,
    merge: (limits: Limits) => Limits,
    revision: number,
  ): Account | undefined {
    const limits = merge(account.limits)
    const begun = startedAt(limits, this.#groups.of(limits).limits, this.#groups.everybody.limits, Date.now())
    const firstUsed = changes.has('expires') ? null : account.firstUsed
    if (!begun && firstUsed === account.firstUsed && isSame(limits, account.limits)) return undefined
    return { ...account, limits: begun ?? limits, revision, firstUsed }
  }

  /** Of these fields. */
  #inForce(account: Account, changes: Changes): Result<'users.set'>['after'] {
    // Of what nobody has from a group, nothing is in force but their own.
    const own = Object.entries(plain(account.limits)).map(([name, value]) => [name, { value, from: 'user' }] as const)
    const others = Object.entries(this.#keeper.effective.of(account) as User['effective'])
    return Object.fromEntries([...own, ...others].filter(([name]) => changes.has(name as LimitName)))
  }

  async #chosen(names: readonly string[] | undefined, where: string | undefined): Promise<readonly Account[]> {
    if ((names === undefined) === (where === undefined))
      throw new Refusal('invalid', 'say either names or where, not both')
    if (names !== undefined) return [...new Set(names)].map((name) => this.#existing(name))
    if (this.#accounts.isPartial)
      throw new Refusal('conflict', 'there are too many users to be looked through: name them, or limit their groups')
    const filter = orInvalid(() => parseUserFilter(where ?? '', this.#groups))
    const all = [...this.#accounts.list()]
    const holds = await inSlices(all, (account) => filter(account, this.#keeper.effective.of(account)))
    return all.filter((_, i) => holds[i])
  }

  #existing(name: string): Account {
    const account = this.#accounts.named(name)
    if (!account) throw new Refusal('not_found', `there is no user ${JSON.stringify(name)}`)
    return account
  }

  #existingGroup(name: string): Group {
    const group = this.#groups.named(name)
    if (!group) throw new Refusal('not_found', `there is no group ${JSON.stringify(name)}`)
    return group
  }

  #refuseUnknownGroup(changes: Changes): void {
    const name = changes.get('group')
    if (typeof name === 'string') this.#existingGroup(name)
  }

  #refuseOutdated(revision: number, ifRevision: number | undefined): void {
    if (ifRevision === undefined || revision <= ifRevision) return
    const text = `somebody has changed these limits since revision ${ifRevision}: get them again and see whether the change still fits`
    throw new Refusal('conflict', text, { revision })
  }
}

/** Users who share their limits before share them afterwards: then they cost the way to the store once. */
function mergeOnce(changes: Changes): (limits: Limits) => Limits {
  const known = new Map<Limits, Limits>()
  return (limits) => {
    const result = known.get(limits) ?? merged(limits, changes)
    known.set(limits, result)
    return result
  }
}

/** Names of the limits that are others now. */
function differences(before: Limits, after: Limits): readonly LimitName[] {
  return limitNames.filter((name) => !isDeepStrictEqual(before[name], after[name]))
}

/** Both changes, of which the first is not stored yet, as one. */
function onTop<Change extends BuiltOn>(first: BuiltOn | undefined, second: Change): Change {
  if (!first) return second
  return { ...second, was: first.was, fields: [...new Set([...(first.fields ?? []), ...(second.fields ?? [])])] }
}
