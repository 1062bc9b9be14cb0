import { reduceDaemon } from './reduce-daemon.ts'
import { reduceUi } from './reduce-ui.ts'
import type { DaemonState, Event, State, UiState } from './state.ts'

/** The state after an event; what a daemon tells is about the one at the index `of`. */
export function reduce(state: State, event: Event, of = state.current): State {
  const ui = reduceUi(state, event)
  const daemons = replaceAt(state.daemons, of, (daemon) => reduceDaemon(daemon, event))
  return compose(ui, daemons)
}

/** The current daemon's state laid beside what the person has made of the screen. */
function compose(ui: UiState, daemons: readonly DaemonState[]): State {
  const current = daemons[ui.current]
  if (!current) throw new Error(`there is no daemon ${ui.current}`)
  return { ...ui, ...current, daemons }
}

function replaceAt<T>(list: readonly T[], at: number, change: (one: T) => T): readonly T[] {
  const before = list[at]
  if (before === undefined) return list
  const after = change(before)
  return after === before ? list : list.with(at, after)
}
