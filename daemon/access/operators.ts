import type { Operator, Params } from '../../shared/protocol/methods.ts'
import { deriveKeys, type ScramKeys } from '../../shared/protocol/scram.ts'
import { Refusal } from '../refusal.ts'
import type { OperatorStore, StoredOperator } from '../store/store.ts'
import { byCodePoint } from './code-point-order.ts'

/** As many as `operators.list` tells of in one reply. */
const mostOperators = 500

/** Never modified: a change puts another object in its place. */
interface KnownOperator {
  readonly name: string
  readonly role: Operator['role']
  readonly created: number
  readonly keys: ScramKeys
}

/**
 * Named operators: who may manage the daemon beside those who can open its Unix socket or read its cookie. Each change
 * is first stored, then acts on the next login. Changes take their turns, so two admins never interfere, and the costly
 * derivation of keys takes one thread of the pool at most. Throws a Refusal; if the store fails, nothing has
 * changed.
 */
export class Operators {
  /** Also stored, so that the salts of names that do not exist outlast a restart, as those of operators do. */
  readonly decoySecret: Buffer
  readonly #store: OperatorStore
  readonly #byName: Map<string, KnownOperator>
  #lastChange: Promise<unknown> = Promise.resolve()

  private constructor(store: OperatorStore, operators: readonly KnownOperator[], decoySecret: Uint8Array) {
    this.decoySecret = Buffer.from(decoySecret)
    this.#store = store
    this.#byName = new Map(operators.map((operator) => [operator.name, operator]))
  }

  static async load(store: OperatorStore): Promise<Operators> {
    return new Operators(store, (await store.list()).map(fromStored), await store.decoySecret())
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

  /** Refused with `exists`, or `conflict` if there is no room. */
  add({ name, role, password }: Params<'operators.add'>): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#byName.has(name)) throw exists(name)
      if (this.#byName.size >= mostOperators) {
        throw new Refusal('conflict', `there are ${mostOperators} operators, the most there can be: remove one first`)
      }
      const operator = { name, role, created: Date.now(), keys: await deriveKeys(password) }
      if (!(await this.#store.insert(toStored(operator)))) throw exists(name)
      this.#byName.set(name, operator)
    })
  }

  /** Refused with `not_found`. */
  remove(name: string): Promise<void> {
    return this.#inTurn(async () => {
      this.#existing(name)
      await this.#store.remove(name)
      this.#byName.delete(name)
    })
  }

  /** Refused with `not_found`. */
  setPassword(name: string, password: string): Promise<void> {
    return this.#inTurn(async () => {
      const operator = this.#existing(name)
      await this.#put({ ...operator, keys: await deriveKeys(password) })
    })
  }

  /** Refused with `not_found`. */
  setRole(name: string, role: Operator['role']): Promise<void> {
    return this.#inTurn(() => this.#put({ ...this.#existing(name), role }))
  }

  async #put(operator: KnownOperator): Promise<void> {
    if (!(await this.#store.update(toStored(operator)))) throw missing(operator.name)
    this.#byName.set(operator.name, operator)
  }

  #existing(name: string): KnownOperator {
    const operator = this.#byName.get(name)
    if (!operator) throw missing(name)
    return operator
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#lastChange.then(change)
    this.#lastChange = result.catch(() => {})
    return result
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
