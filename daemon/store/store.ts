import type { OperatorStore } from '../access/operator-store.ts'
import type { UserStore } from '../access/user-store.ts'
import type { SettingsStore } from './settings-store.ts'

/** What must outlast the daemon. One daemon at a time has it open. */
export interface Store {
  readonly users: UserStore
  readonly operators: OperatorStore
  readonly settings: SettingsStore
  /** Gives everything back; nothing may be asked of the store from then on. */
  close(): Promise<void>
}

/** Why the store cannot be used: one line for people that names the cause and the mend. */
export class StoreError extends Error {
  readonly kind: 'unwritable' | 'corrupt' | 'newer' | 'locked' | 'failed'

  constructor(kind: StoreError['kind'], message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'StoreError'
    this.kind = kind
  }
}
