import { tellObservers } from '../contained.ts'
import { type ChangeListener, type Elsewhere, type FleetStore, type Store, StoreError } from './store.ts'

/** The parts of a store that calls are of. */
export type Part =
  | 'users'
  | 'groups'
  | 'usage'
  | 'operators'
  | 'settings'
  | 'bans'
  | 'known'
  | 'rules'
  | 'audit'
  | 'imports'
  | 'backups'
  | 'watches'

/** A store whose calls wait while it is lent, and go elsewhere once it is given away. */
export abstract class LendableStore implements Store {
  readonly users: Store['users'] = {
    list: () => this.#ask('users', 'list'),
    named: (name) => this.#ask('users', 'named', name),
    count: (group) => this.#ask('users', 'count', group),
    insert: (user) => this.#change('users', 'insert', user),
    update: (user) => this.#change('users', 'update', user),
    setLimits: (changes) => this.#change('users', 'setLimits', changes),
    remove: (id) => this.#change('users', 'remove', id),
  }
  readonly groups: Store['groups'] = {
    list: () => this.#ask('groups', 'list'),
    put: (group, from) => this.#change('groups', 'put', group, from),
    remove: (name) => this.#change('groups', 'remove', name),
  }
  readonly usage: Store['usage'] = {
    list: () => this.#ask('usage', 'list'),
    save: (batch) => this.#change('usage', 'save', batch),
    read: (wish) => this.#ask('usage', 'read', wish),
  }
  readonly operators: Store['operators'] = {
    list: () => this.#ask('operators', 'list'),
    insert: (operator) => this.#change('operators', 'insert', operator),
    update: (operator) => this.#change('operators', 'update', operator),
    remove: (name) => this.#change('operators', 'remove', name),
    decoySecret: () => this.#ask('operators', 'decoySecret'),
  }
  readonly settings: Store['settings'] = {
    load: () => this.#ask('settings', 'load'),
    save: (revision, changes) => this.#change('settings', 'save', revision, changes),
  }
  readonly bans: Store['bans'] = {
    list: () => this.#ask('bans', 'list'),
    save: (changes) => this.#change('bans', 'save', changes),
  }
  readonly known: Store['known'] = {
    load: () => this.#ask('known', 'load'),
    save: (known) => this.#change('known', 'save', known),
  }
  readonly rules: Store['rules'] = {
    load: () => this.#ask('rules', 'load'),
    save: (rules) => this.#change('rules', 'save', rules),
  }
  readonly imports: Store['imports'] = {
    save: (changes) => this.#change('imports', 'save', changes),
  }
  readonly backups: Store['backups'] = {
    make: (file) => this.#ask('backups', 'make', file),
  }
  readonly audit: Store['audit'] = {
    append: (entries, kept) => this.#change('audit', 'append', entries, kept),
    list: (wish) => this.#ask('audit', 'list', wish),
  }
  readonly watches: Store['watches'] = {
    list: () => this.#ask('watches', 'list'),
    insert: (watch) => this.#change('watches', 'insert', watch),
    learn: (watch) => this.#change('watches', 'learn', watch),
    remove: (name) => this.#change('watches', 'remove', name),
  }
  abstract readonly fleet: FleetStore | undefined
  readonly called: string
  readonly #listeners = new Set<ChangeListener>()
  #closed = false
  /** While another process may have it. */
  #lent: PromiseWithResolvers<void> | undefined
  #elsewhere: Elsewhere | undefined

  constructor(called: string) {
    this.called = called
  }

  watch(listener: ChangeListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  abstract shrink(): Promise<void>

  async lend(keepsCopy: boolean): Promise<void> {
    this.#lent = Promise.withResolvers()
    await this.lendIt(keepsCopy)
  }

  async takeBack(): Promise<void> {
    try {
      await this.takeItBack()
    } finally {
      this.#release()
    }
  }

  giveAway(elsewhere: Elsewhere): void {
    this.#elsewhere = elsewhere
    this.giveItAway()
    this.#release()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#lent?.resolve()
    await this.closeIt()
  }

  /** Makes one of the calls. Rejects with a StoreError, or as the part says. */
  protected abstract call(part: Part, method: string, given: readonly unknown[]): Promise<unknown>
  protected abstract lendIt(keepsCopy: boolean): Promise<void>
  protected abstract takeItBack(): Promise<void>
  protected abstract giveItAway(): void
  /** What is asked of a store that another process keeps, and changes nothing. */
  protected abstract askGivenAway(
    part: Part,
    method: string,
    given: readonly unknown[],
    elsewhere: Elsewhere,
  ): Promise<unknown>
  protected abstract closeIt(): Promise<void>

  #release(): void {
    this.#lent?.resolve()
    this.#lent = undefined
  }

  async #ask<Result>(part: Part, method: string, ...given: unknown[]): Promise<Result> {
    const ask = (elsewhere: Elsewhere) => this.askGivenAway(part, method, given, elsewhere)
    return (await this.#done(part, method, given, ask)) as Result
  }

  async #change<Result>(part: Part, method: string, ...given: unknown[]): Promise<Result> {
    const began = performance.now()
    const tell = (error?: unknown) => {
      tellObservers(this.#listeners, performance.now() - began, error)
    }
    try {
      const result = await this.#done(part, method, given, (elsewhere) => elsewhere.change(part, method, given))
      tell()
      return result as Result
    } catch (error) {
      tell(error)
      throw error
    }
  }

  async #done(
    part: Part,
    method: string,
    given: readonly unknown[],
    givenAway: (elsewhere: Elsewhere) => Promise<unknown>,
  ): Promise<unknown> {
    // No turn is given away in vain: a close that comes behind waits for what was asked before.
    if (this.#lent) await this.#lent.promise
    if (this.#closed) throw new StoreError('failed', `${this.called} is closed`)
    return this.#elsewhere ? givenAway(this.#elsewhere) : this.call(part, method, given)
  }
}
