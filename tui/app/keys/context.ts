import { isTooSmall } from '../layout.ts'
import { listPage, type State } from '../store/state.ts'
import type { KeyContext } from './key-table.ts'

/** Where the next key is pressed. */
export function contextOf(state: State): KeyContext {
  if (isTooSmall(state)) return 'tooSmall'
  if (state.dialog) return state.dialog.kind
  if (state.command.field) return 'command'
  const page = listPage(state)
  return page && state.lists[page].typing ? 'filter' : (page ?? state.page)
}

/** What the help that is open explains: where it was asked for. */
export function helpContext(state: State): KeyContext {
  const { dialog } = state
  return contextOf(dialog?.kind === 'help' ? { ...state, dialog: dialog.behind ?? null } : state)
}
