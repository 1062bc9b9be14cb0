import type { Context } from '../../../shared/commands/context.ts'
import type { FleetNode } from '../../../shared/protocol/methods.ts'
import type { Daemon } from '../link/daemon.ts'
import type { Login } from '../link/login.ts'
import type { Store } from '../store/store.ts'

/** What a key may act on. */
export interface App {
  readonly store: Store
  /** The one that is shown. */
  readonly daemon: Daemon
  /** All of them, in the store's order. */
  readonly daemons: readonly Daemon[]
  readonly login: Login
  /** Which of them a node of the fleet is, added if need be; a text tells why it cannot be. */
  reach(node: FleetNode): number | string
  /** Have a text edited, as `Context.editText` does: an editor has the terminal meanwhile. */
  edit: Context['editText']
  quit(): void
  /** Put text into the clipboard; false: it cannot be done here. */
  copy(text: string): boolean
  /** Write a new file that only this user can read; resolves to what is wrong with that, null if nothing is. */
  save(file: string, text: string): Promise<string | null>
  /** Draw all of the screen again. */
  redraw(): void
  /** Give the terminal back to the shell until the app is brought to the foreground again. */
  suspend(): void
}

export type Handler = (app: App) => void
