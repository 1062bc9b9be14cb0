import { columnsForLog, columnsForMore } from '../../state/layout.ts'

/** Terminal columns from which on two things have room side by side, and four. */
const columnsForTwo = 72
const columnsForFour = 220

/** What the overview can show. */
export type PanelName =
  | 'alarms'
  | 'graphs'
  | 'totals'
  | 'users'
  | 'userGraphs'
  | 'destinations'
  | 'movers'
  | 'refused'
  | 'ended'
  | 'endings'
  | 'near'
  | 'rules'
  | 'health'
  | 'sockets'
  | 'events'
  | 'log'
  | 'begin'

/** Panels one below the other, which fill the height of their band. */
interface Stack {
  readonly width: number
  readonly panels: readonly { readonly panel: PanelName; readonly height: number }[]
}

/** Stacks side by side, which take all of the width. */
interface Band {
  readonly height: number
  readonly stacks: readonly Stack[]
}

/** The room that there is. */
export interface Room {
  /** Terminal columns and rows of the page. */
  readonly columns: number
  readonly rows: number
  /** The rows that a panel of this width could fill, its heading included: 1 or less if it has nothing to tell. */
  rowsOf(panel: PanelName, width: number): number
}

const mostAlarms = 3
const totalRows = 1
/** Rows that a graph needs to be readable, and its share of the rows at least: nothing tells as much at a glance. */
const smallestGraph = 9
const graphShare = 0.42
/** Rows of a list that are worth it: its heading and some of what it tells. */
const smallestList = 3
const smallestLog = 5
/** Rows from which on there is room for the log, whatever else there is to tell. */
const rowsForLog = 34

/** Which panels are where: bands from the top down, which fill the page. What has nothing to tell gives its room to the others. */
export function arrange({ columns, rows, rowsOf }: Room): Band[] {
  const whole = (panel: PanelName, height: number): Band => {
    return { height, stacks: [{ width: columns, panels: [{ panel, height }] }] }
  }
  const most = rows < rowsForLog ? mostAlarms - 1 : mostAlarms
  const alarms = Math.min(rowsOf('alarms', columns), most, Math.max(0, rows - totalRows - smallestList))
  const rest = rows - alarms
  const totals = Math.min(totalRows, rest)
  const body = rest - totals
  const least = Math.max(smallestGraph, Math.round(body * graphShare))
  const isLow = body < smallestGraph + smallestList
  const below = isLow ? body : body - least
  const stacks = plansFor(columns).map(({ width, panels, rest }) => {
    return { width, wishes: wishesOf(panels, width, rowsOf), rest: wishesOf(rest, width, rowsOf) }
  })
  const wanted = Math.max(
    ...stacks.map(({ wishes, rest }) => [...wishes, ...rest].reduce((sum, { wish }) => sum + wish, 0)),
  )
  const told = columns < columnsForLog || rows < rowsForLog ? [] : recordsFor(columns, rowsOf)
  const records = logRows(Math.max(0, ...told.map(({ wish }) => wish)), below, wanted)
  const lists = isLow ? body : Math.min(wanted, below - records)
  const bands = [
    whole('alarms', alarms),
    whole('graphs', body - lists - records),
    whole('totals', totals),
    {
      height: lists,
      stacks: stacks.map(({ width, wishes, rest }) => ({ width, panels: shareOut(lists, wishes, rest) })),
    },
    { height: records, stacks: told.map(({ panel, width }) => ({ width, panels: [{ panel, height: records }] })) },
  ]
  return bands.filter(({ height }) => height > 0)
}

/** What happened, and the log, side by side; the whole width for one if the other has nothing to tell. */
function recordsFor(columns: number, rowsOf: Room['rowsOf']) {
  const left = Math.floor(columns / 2)
  const both = [
    { panel: 'events', width: left, wish: rowsOf('events', left) },
    { panel: 'log', width: columns - left, wish: rowsOf('log', columns - left) },
  ] as const
  const told = both.filter(({ wish }) => wish > 1)
  return told.length === 1 ? told.map((one) => ({ ...one, width: columns })) : told
}

/** The log has what the lists leave, and always so much that it is worth it; none if there is nothing in it. */
function logRows(wish: number, below: number, wanted: number): number {
  return wish < 2 ? 0 : Math.min(wish, Math.max(smallestLog, below - wanted))
}

interface Plan {
  readonly width: number
  /** From the top down. */
  readonly panels: readonly PanelName[]
  /** Below them, where they leave room. */
  readonly rest: readonly PanelName[]
}

/** What is side by side in a terminal so wide. */
function plansFor(columns: number): readonly Plan[] {
  if (columns < columnsForTwo) return [{ width: columns, panels: ['begin', 'users', 'refused'], rest: [] }]
  if (columns < columnsForMore) {
    const right = Math.max(30, Math.floor(columns * 0.42))
    return [
      { width: columns - right, panels: ['begin', 'users', 'refused'], rest: ['movers'] },
      { width: right, panels: ['endings', 'near'], rest: ['health'] },
    ]
  }
  if (columns < columnsForLog) {
    const [middle, right] = [30, Math.max(30, Math.floor(columns * 0.26))]
    return [
      {
        width: columns - middle - right,
        panels: ['begin', 'users', 'refused', 'destinations', 'ended'],
        rest: ['rules'],
      },
      { width: middle, panels: ['near', 'health'], rest: ['sockets'] },
      { width: right, panels: ['endings'], rest: ['movers'] },
    ]
  }
  const right = Math.min(44, Math.max(32, Math.floor(columns * 0.2)))
  const ends = { panels: ['refused', 'ended'], rest: [] } as const
  const state = { width: right, panels: ['endings', 'near', 'health'], rest: ['sockets'] } as const
  if (columns < columnsForFour) {
    const left = Math.floor(columns * 0.38)
    return [
      { width: left, panels: ['begin', 'users', 'destinations', 'movers'], rest: ['rules', 'userGraphs'] },
      { width: columns - left - right, ...ends },
      state,
    ]
  }
  const [left, second] = [Math.floor(columns * 0.3), 54]
  return [
    { width: left, panels: ['begin', 'users'], rest: ['userGraphs'] },
    { width: second, panels: ['destinations', 'movers'], rest: ['rules'] },
    { width: columns - left - second - right, ...ends },
    state,
  ]
}

interface Wish {
  readonly panel: PanelName
  /** Rows that it could fill. */
  readonly wish: number
}

/**
 * Those of the panels that have something to tell. Users have their heading even if there is none, so that it is told, unless it
 * is told that nobody has come yet.
 */
function wishesOf(panels: readonly PanelName[], width: number, rowsOf: Room['rowsOf']): Wish[] {
  const wishes = panels.map((panel) => ({ panel, wish: rowsOf(panel, width) }))
  const isUnused = wishes.some(({ panel, wish }) => panel === 'begin' && wish > 1)
  return wishes.filter(({ panel, wish }) => wish > 1 || (panel === 'users' && !isUnused))
}

/**
 * First each has what makes it worth it, then the first ones have all that they wish, then there may be room for the rest;
 * the last that is shown takes what is left.
 */
function shareOut(height: number, wishes: readonly Wish[], rest: readonly Wish[]): Stack['panels'] {
  let left = height
  const take = (rows: number) => {
    left -= rows
    return rows
  }
  const leastOf = ({ panel, wish }: Wish) => Math.min(wish, panel === 'userGraphs' ? smallestGraph : smallestList)
  const begun = wishes.map((one) => ({ ...one, height: leastOf(one) <= left ? take(leastOf(one)) : 0 }))
  const shown = begun
    .filter(({ height }) => height > 0)
    .map(({ panel, wish, height }) => ({ panel, height: height + take(Math.min(left, wish - height)) }))
  for (const one of rest) {
    if (leastOf(one) <= left) shown.push({ panel: one.panel, height: take(Math.min(left, one.wish)) })
  }
  return shown.map((one, at) => (at === shown.length - 1 ? { ...one, height: one.height + left } : one))
}
