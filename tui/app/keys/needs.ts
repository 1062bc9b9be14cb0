import { isInFleet } from '../state/daemons.ts'
import { stepRange } from '../state/graph.ts'
import { listPage } from '../state/pages.ts'
import { denyForm } from '../state/rule-forms.ts'
import type { State } from '../state/state.ts'
import { isLine } from '../tables/rules-table.ts'
import { rulesView, viewOf } from '../tables/view.ts'
import { selectedConnection, selectedSetting } from './selection.ts'

/** What a key acts on, so that without it the key does nothing but say so. */
const needs = {
  /** A row under the cursor. */
  row: (state) => {
    const page = listPage(state)
    return page !== null && viewOf(state, page).rows.length > 0
  },
  /** A rule under the cursor that is none of the daemon's own. */
  line: (state) => {
    const { rows, cursor } = rulesView(state)
    const rule = rows[cursor]
    return rule !== undefined && isLine(rule)
  },
  /** A setting under the cursor that changes while the daemon runs. */
  liveSetting: (state) => 'row' in selectedSetting(state),
  /** A connection that asked for somewhere to go. */
  destination: (state) => {
    const selected = selectedConnection(state)
    return 'row' in selected && denyForm(selected.row) !== null
  },
  /** Users who are busiest, and one of them that the cursor is on. */
  busiest: ({ traffic }) => traffic.users.length > 0,
  oneOfTheBusiest: ({ overview }) => overview.selected !== null,
  moreTime: ({ overview: { range } }) => stepRange(range, 1) !== range,
  lessTime: ({ overview: { range } }) => stepRange(range, -1) !== range,
  /** A fleet that the daemons are nodes of. */
  fleet: isInFleet,
  /** A change that can be taken back. */
  undo: ({ undo, current }) => undo?.of === current,
} satisfies Readonly<Record<string, (state: State) => boolean>>

export type Need = keyof typeof needs

/** Whether there is now what a key acts on. */
export function has(state: State, need: Need): boolean {
  return needs[need](state)
}
