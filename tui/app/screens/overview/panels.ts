import { pageRows } from '../../state/layout.ts'
import type { State } from '../../state/state.ts'
import { lookOf } from '../../themes/look.ts'
import type { PanelName, Room } from './arrange.ts'
import {
  alarmsPanel,
  beginPanel,
  eventsPanel,
  healthPanel,
  logPanel,
  socketsPanel,
  totalsPanel,
} from './daemon-panels.ts'
import { endingsPanel, moversPanel, nearPanel, refusedPanel, rulesPanel } from './limit-panels.ts'
import type { Panel } from './panel.ts'
import { busiestPanel, destinationsPanel, endedPanel, userGraphsPanel } from './traffic-panels.ts'

/** All that is told by rows of text. */
export const panels: Readonly<Record<Exclude<PanelName, 'graphs'>, Panel>> = {
  alarms: alarmsPanel,
  totals: totalsPanel,
  users: busiestPanel,
  userGraphs: userGraphsPanel,
  destinations: destinationsPanel,
  movers: moversPanel,
  refused: refusedPanel,
  ended: endedPanel,
  endings: endingsPanel,
  near: nearPanel,
  rules: rulesPanel,
  health: healthPanel,
  sockets: socketsPanel,
  events: eventsPanel,
  log: logPanel,
  begin: beginPanel,
}

/** Rows that no panel exceeds. */
const most = 100
/** Rows of the small graphs for one or two users, and for more. */
const graphRows = { one: 7, two: 13 }

/** How many rows there are to be told does not depend on how they look. */
const look = lookOf({})

/** The room that there is for the panels in this state. */
export function roomFor(state: State): Room {
  const users = state.traffic.users.length
  return {
    columns: state.size.columns,
    rows: pageRows(state),
    rowsOf: (panel, width) => {
      if (panel === 'graphs') return most
      // These fill what they get.
      if (panel === 'userGraphs') return users === 0 ? 0 : users <= 2 ? graphRows.one : graphRows.two
      return panels[panel]({ state, look, width: width - 1, height: most }).length
    },
  }
}
