import { alarms } from '../../state/alarms.ts'
import { columnsForEnded, columnsForHealth, pageRows } from '../../state/layout.ts'
import type { State } from '../../state/state.ts'

/** What the overview can show. */
export type PanelName =
  | 'alarms'
  | 'graphs'
  | 'totals'
  | 'users'
  | 'health'
  | 'endings'
  | 'destinations'
  | 'ended'
  | 'userGraphs'

/** Panels side by side, which take all of the width. */
interface Band {
  readonly height: number
  readonly cells: readonly { readonly panel: PanelName; readonly width: number }[]
}

interface Room {
  /** Terminal columns and rows of the page. */
  readonly columns: number
  readonly rows: number
  /** How many alarms there are to be told. */
  readonly alarms: number
}

const mostAlarms = 3
const totalRows = 2
/** Rows that a graph needs to be readable, and users to be told: their header and one of them. */
const smallestGraph = 7
const smallestList = 2

/** From this size on there is more to see than graphs and users. */
const medium = { columns: columnsForHealth, rows: 25 }
const large = { columns: 140, rows: 38 }

/** The share of the rows that graphs get where there are users only besides. */
const graphShare = 0.65
/** The shares of the rows that the bands below the graphs get where there are more, and rows that they can use at most. */
const bandShare = { medium: 0.5, large: 0.3 }
const mostRows = { users: 13, details: 17 }

const healthColumns = { least: 28, most: 40 }
const endingColumns = { least: 30, most: 44 }

/** The room that there is, and for how many alarms. */
export function roomFor(state: State): Room {
  return { columns: state.size.columns, rows: pageRows(state), alarms: alarms(state).length }
}

/** Which panels are where: bands from the top down, never higher than the page. What is scarce goes to what is most asked for. */
export function arrange({ columns, rows, alarms: told }: Room): Band[] {
  const whole = (panel: PanelName, height: number): Band => ({ height, cells: [{ panel, width: columns }] })
  const alarmRows = Math.min(told, mostAlarms, Math.max(0, rows - totalRows - smallestList))
  const rest = rows - alarmRows
  const body = Math.max(0, rest - totalRows)
  const bands = [
    whole('alarms', alarmRows),
    ...(body < smallestGraph + smallestList
      ? [whole('totals', Math.min(totalRows, rest)), whole('users', body)]
      : bodyBands(columns, rest, body, whole)),
  ]
  return bands.filter(({ height }) => height > 0)
}

function bodyBands(
  columns: number,
  rest: number,
  body: number,
  whole: (panel: PanelName, height: number) => Band,
): Band[] {
  const isLarge = columns >= large.columns && rest >= large.rows
  const isMedium = columns >= medium.columns && rest >= medium.rows
  const band = (share: number, most: number) => Math.min(most, Math.floor(body * share))
  const users = isMedium ? band(isLarge ? bandShare.large : bandShare.medium, mostRows.users) : listRows(body)
  const details = isLarge ? band(bandShare.large, mostRows.details) : 0
  return [
    whole('graphs', body - users - details),
    whole('totals', totalRows),
    isMedium ? usersBand(columns, users) : whole('users', users),
    ...(isLarge ? [detailBand(columns, details)] : []),
  ]
}

/** Rows of the users where nothing else is below the graphs. */
function listRows(body: number): number {
  return body - Math.max(smallestGraph, Math.floor((body - 1) * graphShare))
}

function usersBand(columns: number, height: number): Band {
  const health = between(healthColumns, Math.floor(columns * 0.18))
  const endings = between(endingColumns, Math.floor(columns * 0.2))
  return {
    height,
    cells: [
      { panel: 'users', width: columns - health - endings },
      { panel: 'health', width: health },
      { panel: 'endings', width: endings },
    ],
  }
}

function detailBand(columns: number, height: number): Band {
  const ended = columns >= columnsForEnded ? Math.floor(columns / 3) : 0
  const destinations = Math.min(90, Math.floor(columns / (ended > 0 ? 3 : 2)))
  return {
    height,
    cells: [
      { panel: 'destinations', width: destinations },
      ...(ended > 0 ? [{ panel: 'ended', width: ended } as const] : []),
      { panel: 'userGraphs', width: columns - destinations - ended },
    ],
  }
}

function between({ least, most }: { readonly least: number; readonly most: number }, wanted: number): number {
  return Math.min(most, Math.max(least, wanted))
}
