import type { Operator, Setting } from '../../../shared/protocol/methods.ts'

/** A change of one setting. */
export interface Change {
  readonly do: 'configure'
  readonly name: string
  /** Null: forget what was set. */
  readonly value: Setting['value'] | null
  /** Of the settings as the person saw them. */
  readonly revision: number
  /** What had been set before; null: nothing. */
  readonly before: Setting['value'] | null
}

/** Something that the daemon is asked to do, as data: a dialog can hold it until it is confirmed. */
export type Action =
  | { readonly do: 'kill'; readonly ids: readonly string[] }
  | { readonly do: 'addUser'; readonly name: string; readonly password: string }
  | { readonly do: 'removeUser'; readonly name: string }
  | { readonly do: 'setPassword'; readonly name: string; readonly password: string }
  /** Their connections. */
  | { readonly do: 'cutUser'; readonly name: string }
  /** `was`: refuse it if that does not hold any longer. */
  | { readonly do: 'setEnabled'; readonly name: string; readonly enabled: boolean; readonly was?: boolean }
  | Change
  | { readonly do: 'addOperator'; readonly name: string; readonly role: Operator['role']; readonly password: string }
  | { readonly do: 'removeOperator'; readonly name: string }
  | { readonly do: 'setOperatorPassword'; readonly name: string; readonly password: string }
  /** `was`: refuse it if that does not hold any longer. */
  | { readonly do: 'setRole'; readonly name: string; readonly role: Operator['role']; readonly was: Operator['role'] }

/** What would undo the last action, and which of the daemons it is about. */
export interface Undo {
  readonly action: Action
  readonly of: number
}
