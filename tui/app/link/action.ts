import type { Operator, Setting } from '../../../shared/protocol/methods.ts'

/** A change of one setting. */
export interface Change {
  readonly do: 'configure'
  readonly name: string
  /** Null: forget what was set. */
  readonly value: Setting['value'] | null
  /** Of the settings as the person saw them. */
  readonly revision: number
}

/** Something that the daemon is asked to do, as data: a dialog can hold it until it is confirmed. */
export type Action =
  | { readonly do: 'kill'; readonly ids: readonly string[] }
  | { readonly do: 'addUser'; readonly name: string; readonly password: string }
  | { readonly do: 'removeUser'; readonly name: string }
  | { readonly do: 'setPassword'; readonly name: string; readonly password: string }
  | { readonly do: 'setEnabled'; readonly name: string; readonly enabled: boolean }
  | Change
  | { readonly do: 'addOperator'; readonly name: string; readonly role: Operator['role']; readonly password: string }
  | { readonly do: 'removeOperator'; readonly name: string }
  | { readonly do: 'setOperatorPassword'; readonly name: string; readonly password: string }
  | { readonly do: 'setRole'; readonly name: string; readonly role: Operator['role'] }
