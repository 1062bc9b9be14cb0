import { type Dialog, isOverlay, isPopup, overlayOf } from './dialogs.ts'
import type { Form } from './forms.ts'
import { reasonOf } from './link.ts'
import { listPage } from './pages.ts'
import type { State } from './state.ts'

/** The smallest terminal that every page is drawn in, and the one that connections are: half of what tmux has split. */
export const smallest = { columns: 72, rows: 18 }
const smallestForConnections = { columns: 60, rows: 8 }

/** Whether rows are so few that the tabs go, and that a message takes the place of the keys. */
export function isLow({ rows }: State['size']): boolean {
  return rows < smallest.rows
}

/** Whether the last row tells the keys. */
export function hintsAreShown(state: Pick<State, 'size' | 'command' | 'toasts' | 'page' | 'shows' | 'lists'>): boolean {
  const page = listPage(state)
  const isSaid = state.command.field !== null || state.toasts.shown !== null || (page && state.lists[page].typing)
  return !isLow(state.size) || !isSaid
}

/** Rows of the pages' tabs. */
export function tabRows(size: State['size']): number {
  return isLow(size) ? 0 : 1
}

/** Rows below the page: a message, the keys. */
function footerRows(size: State['size']): number {
  return isLow(size) ? 1 : 2
}

/** Rows of a table's page that are no rows of the table: what is shown, and the column headers. */
const tableHeadRows = 2

export function isTooSmall({ size, page }: Pick<State, 'size' | 'page'>): boolean {
  const least = page === 'connections' ? smallestForConnections : smallest
  return size.columns < least.columns || size.rows < least.rows
}

/** Whether all that is shown is a few lines: it is wanted so, or there is no room for the page. */
export function isMini(state: Pick<State, 'size' | 'page' | 'mini'>): boolean {
  return state.mini || isTooSmall(state)
}

/** Columns before the reason why there is no connection, and those that breaking lines at spaces may waste in each row. */
const beforeReason = 35
const wasted = 8
/** Columns around the daemon's place, which stands before it all where there are several. */
const beforePlace = 8
/** With more, the smallest terminal would not have room for a page. */
const mostLinkRows = 4

/** Rows that tell who is watched and how that goes: why a daemon is not reached, and what to do, may take several. */
export function linkRows({ link, size, daemons, place }: State): number {
  const reason = reasonOf(link)
  if (reason === null) return 1
  const before = beforeReason + (daemons.length > 1 ? place.length + beforePlace : 0)
  const rows = Math.ceil((before + reason.length) / (size.columns - 1 - wasted))
  return Math.min(Math.max(2, rows), mostLinkRows)
}

/** Rows for the page. A dialog lies below it, but help takes its place. */
export function pageRows(state: State): number {
  const { size, dialog, command } = state
  const hintRows = command.field ? 1 : 0
  const others = linkRows(state) + tabRows(size) + footerRows(size) + hintRows
  return Math.max(0, size.rows - others - (dialog ? dialogRows(dialog, size) : 0))
}

/** Rows that a page keeps above a form, and those of a form beside its fields: its border, title and advice. */
const leastPageRows = 3
const formFrameRows = 4

/** Fields of a form that are shown at once: where there is no room for all, those around the one that is typed into. */
export function fieldRows({ fields, trial }: Form, size: State['size']): number {
  const room = size.rows - 1 - tabRows(size) - footerRows(size) - leastPageRows - formFrameRows - (trial?.rows ?? 0)
  return Math.max(1, Math.min(fields.length, room))
}

/** Rows of a question beside its facts, and of a choice beside its options. */
const panelFrameRows = 4

/** How many facts or options there is room for at once. */
export function itemRows({ length }: readonly unknown[], size: State['size']): number {
  return Math.max(1, Math.min(length, size.rows - 1 - footerRows(size) - panelFrameRows))
}

/** Rows of a dialog, its border included; what covers the page, or a part of it, takes none from it. */
export function dialogRows(dialog: Dialog, size: State['size']): number {
  if (isOverlay(dialog) || isPopup(dialog)) return 0
  switch (dialog.kind) {
    case 'entry':
      return 9
    case 'confirm':
      return panelFrameRows + itemRows(dialog.facts, size)
    case 'choice':
      return panelFrameRows + itemRows(dialog.options, size)
    case 'form':
      return formFrameRows + fieldRows(dialog, size) + (dialog.trial?.rows ?? 0)
    case 'secret':
      return 5
  }
}

/** Rows below the settings, and below the rules, about the selected one; a dialog leaves little room and tells the same. */
export const adviceRows = 2
/** Rows that tell what is wrong with the selected daemon, below the sum of them all. */
export const troubleRows = 3

/** Rows of its table that a page shows. */
export function tableRows(state: State): number {
  const { page, dialog } = state
  const sums = listPage(state) === 'nodes' ? 1 : page === 'daemons' ? 1 + troubleRows : 0
  const below = (page === 'settings' || page === 'rules') && !dialog ? adviceRows : sums
  return Math.max(0, pageRows(state) - tableHeadRows - below)
}

/** The first row shown of a table of `total`, so that the cursor is in the middle of the `height` rows where it can be. */
export function firstShown(cursor: number, height: number, total: number): number {
  return Math.max(0, Math.min(cursor - Math.floor(height / 2), total - height))
}

/** Terminal columns from which on the overview has room for more than one thing beside the users, and for the log. */
export const columnsForMore = 100
export const columnsForLog = 140

/** Connections that ended last, among which the overview looks for those that were refused. */
const several = 50

/** How many of the connections that ended last the overview tells of; 0: none. */
export function closedWanted(state: Pick<State, 'page' | 'dialog' | 'size'>): number {
  return isOverviewSeen(state) ? several : 0
}

/** Whether the log is shown, or a part of it on the overview. */
export function isLogWanted(state: Pick<State, 'page' | 'shows' | 'dialog' | 'size'>): boolean {
  return listPage(state) === 'log' || (isOverviewSeen(state) && state.size.columns >= columnsForLog)
}

/** Whether what happened is shown, or a part of it on the overview. */
export function areEventsWanted(state: Pick<State, 'page' | 'shows' | 'dialog' | 'size'>): boolean {
  return listPage(state) === 'events' || (isOverviewSeen(state) && state.size.columns >= columnsForLog)
}

function isOverviewSeen({ page, dialog }: Pick<State, 'page' | 'dialog'>): boolean {
  return page === 'overview' && !overlayOf(dialog)
}
