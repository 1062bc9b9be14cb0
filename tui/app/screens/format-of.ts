import type { Look } from '../look.ts'
import { daemonTime, type State } from '../store/state.ts'
import type { Format } from '../tables/columns.ts'

/** How cells are written in this state on this terminal. */
export function formatOf(state: State, look: Look): Format {
  return { now: daemonTime(state), rateUnit: state.rateUnit, unicode: look.unicode, text: look.text }
}
