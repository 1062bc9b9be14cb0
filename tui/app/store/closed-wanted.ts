import { coverOf } from './dialogs.ts'
import { listPage } from './pages.ts'
import type { State } from './state.ts'

/** Terminal columns from which on the overview has room for connections that have ended. */
export const columnsForEnded = 180

/** How many of them it has room for, and how many their own page asks for: the most that the daemon gives. */
const few = 16
const most = 500

/** How many of the connections that ended last are shown; 0: none are. */
export function closedWanted(state: Pick<State, 'page' | 'showsClosed' | 'dialog' | 'size'>): number {
  if (listPage(state) === 'closed') return most
  return state.page === 'overview' && !coverOf(state.dialog) && state.size.columns >= columnsForEnded ? few : 0
}
