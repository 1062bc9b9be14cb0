import type { Operator } from '../../shared/protocol/methods.ts'

/** A named operator as kept between runs: of the password only what SCRAM checks a login against. */
export interface StoredOperator {
  readonly name: string
  readonly role: Operator['role']
  readonly salt: Uint8Array
  readonly iterations: number
  readonly storedKey: Uint8Array
  readonly serverKey: Uint8Array
  /** Whole milliseconds since 1970. */
  readonly created: number
}

/** Operators that last: a change that has resolved survives a crash, one that has rejected was not made. */
export interface OperatorStore {
  /** All of them, in no particular order. */
  list(): Promise<StoredOperator[]>
  /** False if the name is taken; then nothing has changed. */
  insert(operator: StoredOperator): Promise<boolean>
  /** Replaces the operator of that name; false if there is none. */
  update(operator: StoredOperator): Promise<boolean>
  /** Does nothing if there is none. */
  remove(name: string): Promise<void>
  /** 32 random bytes, the same for as long as there is this store. */
  decoySecret(): Promise<Uint8Array>
}
