import { isDeepStrictEqual } from 'node:util'
import type { Operator, Params } from '../../shared/protocol/methods.ts'
import { deriveKeys, type ScramKeys } from '../../shared/protocol/scram.ts'
import { roles } from '../../shared/protocol/vocabulary.ts'
import { Refusal } from '../refusal.ts'
import type { OperatorStore, StoredOperator } from '../store/store.ts'
import { demandMandate, Turns } from '../turns.ts'
import { byCodePoint } from './code-point-order.ts'
import type { LateChanges } from './late-changes.ts'

/** As many as `operators.list` tells of in one reply. */
const mostOperators = 500

/** What another daemon has changed of an operator: what sessions may do was settled when they began, so they end. */
export type Parting = 'removed' | 'password' | 'role'

/** Never modified: a change puts another object in its place. */
interface KnownOperator {
  readonly name: string
  readonly role: Operator['role']
  readonly created: number
  readonly keys: ScramKeys
}

/** What changes of one. */
type Change = Partial<Pick<KnownOperator, 'role' | 'keys'>>

/**
 * Named operators: who may manage the daemon beside those who can open its Unix socket or read its cookie. What gives
 * somebody more is first stored, and if it cannot be, nothing has changed; what takes it away acts first, and is stored
 * when it can be. Changes act on the next login, and take their turns, so two admins never interfere, and the costly
 * derivation of keys takes one thread of the pool at most. Whose sessions end with a change is told as it acts, before the disk
 * has it, lest they do more meanwhile. Throws a Refusal.
 */
export class Operators {
  /** Also stored, so that the salts of names that do not exist outlast a restart, as those of operators do. */
  readonly decoySecret: Buffer
  readonly #store: OperatorStore
  readonly #late: LateChanges
  readonly #byName: Map<string, KnownOperator>
  /** By name, what acts and is not stored yet: another daemon may change the rest meanwhile. */
  readonly #unsaved = new Map<string, Change>()
  readonly #turns = new Turns()

  private constructor(
    store: OperatorStore,
    late: LateChanges,
    operators: readonly KnownOperator[],
    decoySecret: Uint8Array,
  ) {
    this.decoySecret = Buffer.from(decoySecret)
    this.#store = store
    this.#late = late
    this.#byName = new Map(operators.map((operator) => [operator.name, operator]))
  }

  static async load(store: OperatorStore, late: LateChanges): Promise<Operators> {
    return new Operators(store, late, (await store.list()).map(fromStored), await store.decoySecret())
  }

  /** By name, in code point order. */
  list(): Omit<Operator, 'sessions'>[] {
    return [...this.#byName.values()]
      .map(({ name, role, created }) => ({ name, role, created }))
      .sort((a, b) => byCodePoint(a.name, b.name))
  }

  /** What a login is checked against; the keys are the same object until the password changes. */
  credentialsOf(name: string): Pick<KnownOperator, 'keys' | 'role'> | undefined {
    return this.#byName.get(name)
  }

  /** Refused with `exists`, with `conflict` if there is no room, with `unavailable` if it cannot be stored. */
  add({ name, role, password }: Params<'operators.add'>): Promise<void> {
    return this.#turns.take(async () => {
      if (this.#byName.has(name)) throw exists(name)
      if (this.#byName.size >= mostOperators) {
        throw new Refusal('conflict', `there are ${mostOperators} operators, the most there can be: remove one first`)
      }
      const operator = { name, role, created: Date.now(), keys: await deriveKeys(password) }
      await this.#late.settle()
      if (!(await this.#store.insert(toStored(operator)))) throw exists(name)
      this.#byName.set(name, operator)
    })
  }

  /** `act` is called as the change acts; resolves to whether it is stored. Refused with `not_found`. */
  remove(name: string, act: () => void): Promise<{ stored: boolean }> {
    return this.#turns.take(async () => {
      this.#existing(name)
      this.#byName.delete(name)
      this.#unsaved.delete(name)
      act()
      return this.#storeLate(name, () => this.#store.remove(name))
    })
  }

  /** As `remove`. */
  setPassword(name: string, password: string, act: () => void): Promise<{ stored: boolean }> {
    return this.#turns.take(async () => {
      const before = this.#existing(name)
      const keys = await deriveKeys(password)
      demandMandate()
      return this.#put(before, { keys }, act)
    })
  }

  /** As `remove`; a higher role is refused with `unavailable` if it cannot be stored. */
  setRole(name: string, role: Operator['role'], act: () => void): Promise<{ stored: boolean }> {
    return this.#turns.take(async () => {
      const before = this.#existing(name)
      if (roles.indexOf(role) <= roles.indexOf(before.role)) return this.#put(before, { role }, act)
      await this.#late.settle()
      const { created } = before
      if (!(await this.#store.update({ name, created, role }))) throw missing(name)
      this.#byName.set(name, { ...before, role })
      act()
      return { stored: true }
    })
  }

  /**
   * Has operators be as the store says that they are now, since another daemon has changed them there; `part` hears whose sessions
   * are to end, as it acts. Rejects with a StoreError, and then nothing has changed.
   */
  adopt(part: (name: string, change: Parting) => void): Promise<void> {
    return this.#turns.take(async () => {
      await this.#late.settle()
      const stored = new Map((await this.#store.list()).map((operator) => [operator.name, fromStored(operator)]))
      const known = [...this.#byName.values()]
      this.#byName.clear()
      for (const [name, operator] of stored) this.#byName.set(name, operator)
      for (const before of known) {
        const { name } = before
        const after = stored.get(name)
        if (!after) part(name, 'removed')
        else if (!isDeepStrictEqual(before.keys, after.keys)) part(name, 'password')
        else {
          // A login that is under way is judged by the same object before and after.
          this.#byName.set(name, { ...after, keys: before.keys })
          if (before.role !== after.role) part(name, 'role')
        }
      }
    })
  }

  /** What takes something away. Of an operator who has more than one of it, all that is not stored yet is, and nothing else. */
  #put(before: KnownOperator, change: Change, act: () => void): Promise<{ stored: boolean }> {
    const operator = { ...before, ...change }
    const { name, created } = operator
    this.#byName.set(name, operator)
    act()
    const all = { ...this.#unsaved.get(name), ...change }
    this.#unsaved.set(name, all)
    return this.#storeLate(name, async () => {
      await this.#store.update({ name, created, ...all })
      if (this.#unsaved.get(name) === all) this.#unsaved.delete(name)
    })
  }

  async #storeLate(name: string, write: () => Promise<unknown>): Promise<{ stored: boolean }> {
    return { stored: await this.#late.store(`operator ${JSON.stringify(name)}`, write) }
  }

  #existing(name: string): KnownOperator {
    const operator = this.#byName.get(name)
    if (!operator) throw missing(name)
    return operator
  }
}

function toStored({ keys, ...operator }: KnownOperator): StoredOperator {
  return { ...operator, ...keys }
}

function fromStored({ name, role, created, salt, iterations, storedKey, serverKey }: StoredOperator): KnownOperator {
  const keys = {
    salt: Buffer.from(salt),
    iterations,
    storedKey: Buffer.from(storedKey),
    serverKey: Buffer.from(serverKey),
  }
  return { name, role, created, keys }
}

function exists(name: string): Refusal {
  return new Refusal('exists', `there is an operator ${JSON.stringify(name)} already`)
}

function missing(name: string): Refusal {
  return new Refusal('not_found', `there is no operator ${JSON.stringify(name)}`)
}
