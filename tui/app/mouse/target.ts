import { hintsOf } from '../keys/help.ts'
import { arrange } from '../screens/overview/arrange.ts'
import { roomFor } from '../screens/overview/panels.ts'
import { popupFrame, popupRowAt } from '../screens/popup-frame.ts'
import { type Dialog, isOverlay, isPopup, type Popup } from '../state/dialogs.ts'
import type { Subject } from '../state/graph.ts'
import {
  dialogRows,
  fieldRows,
  firstShown,
  hintsAreShown,
  isMini,
  itemRows,
  linkRows,
  pageRows,
  tableRows,
  tabRows,
} from '../state/layout.ts'
import { type ListPage, listPage, type Page } from '../state/pages.ts'
import type { State } from '../state/state.ts'
import { tabsOf } from '../state/tabs.ts'
import { placeColumns, tableMargin } from '../tables/column-widths.ts'
import { columnsShown } from '../tables/table-spec.ts'
import { tables } from '../tables/tables.ts'
import { viewOf } from '../tables/view.ts'
import { columnsOf } from '../text/fit.ts'
import { lookOf } from '../themes/look.ts'

/** What is at a place of the screen, for a click on it. */
export type Target =
  | { readonly kind: 'tab'; readonly page: Page }
  /** A row of a table. */
  | { readonly kind: 'row'; readonly page: ListPage; readonly id: string }
  /** The header of a column. */
  | { readonly kind: 'column'; readonly page: ListPage; readonly name: string }
  /** One of the busiest users. */
  | { readonly kind: 'user'; readonly subject: Subject }
  /** A button or a hint: it is as good as its key. */
  | { readonly kind: 'key'; readonly key: string }
  /** One of several, a field, or an item of a menu, of the dialog. */
  | { readonly kind: 'choice' | 'field' | 'item'; readonly at: number }

/** A cell of the screen, from 0. */
interface Place {
  readonly column: number
  readonly row: number
}

/** What is there; null if it is nothing that a click could mean. What lies below a dialog is out of reach. */
export function targetAt(state: State, place: Place): Target | null {
  const { size, dialog, command } = state
  if (isMini(state)) return null
  if (place.row === size.rows - 1) return hintsAreShown(state) ? hintAt(state, place) : null
  const tabs = linkRows(state)
  const head = tabs + tabRows(size)
  const isPanel = dialog !== null && !isOverlay(dialog) && !isPopup(dialog)
  if (isPanel) return inPanel(state, dialog, { ...place, row: place.row - head - pageRows(state) })
  if (command.field) return null
  if (place.row >= tabs && place.row < head) return tabAt(state, place)
  const page = listPage(state)
  const onPage = { ...place, row: place.row - head }
  if (dialog) return isPopup(dialog) ? inPopup(state, dialog, onPage) : null
  return page === null ? inOverview(state, onPage) : inTable(state, page, onPage)
}

function tabAt(state: State, { column }: Place): Target | null {
  const tab = tabsOf(state).find(({ from, text }) => column >= from && column < from + columnsOf(text))
  return tab ? { kind: 'tab', page: tab.page } : null
}

function hintAt(state: State, { column }: Place): Target | null {
  const hint = hintsOf(state).find(({ from, text }) => column >= from && column < from + columnsOf(text))
  return hint ? { kind: 'key', key: hint.key } : null
}

/** Beside the popup is as good as leaving it. */
function inPopup(state: State, popup: Popup, place: Place): Target | null {
  const at = popupRowAt(popupFrame(state, popup, look), place)
  if (at === null) return { kind: 'key', key: 'esc' }
  return at < 0 ? null : { kind: 'item', at }
}

/** Where things are does not depend on how they look. */
const look = lookOf({})

/** The busiest users lie below their heading, at the left and above what else is there. */
function inOverview(state: State, { column, row }: Place): Target | null {
  let top = 0
  for (const { height, stacks } of arrange(roomFor(state))) {
    const [{ width = 0, panels = [] } = {}] = stacks
    const [first] = panels
    if (first?.panel === 'users' && row > top && row < top + first.height && column < width) {
      const user = state.traffic.users[row - top - 1]
      return user ? { kind: 'user', subject: { user: user.name } } : null
    }
    top += height
  }
  return null
}

/** Rows of a page above its table's first: what is shown, and the headers. */
const summaryRows = 1
const headRows = 2

function inTable(state: State, page: ListPage, { column, row }: Place): Target | null {
  if (row === summaryRows) {
    const name = columnAt(state, page, column)
    return name === null ? null : { kind: 'column', page, name }
  }
  const { ids, cursor } = viewOf(state, page)
  const height = tableRows(state)
  const id = ids[firstShown(cursor, height, ids.length) + row - headRows]
  return id === undefined || row < headRows || row - headRows >= height ? null : { kind: 'row', page, id }
}

function columnAt(state: State, page: ListPage, column: number): string | null {
  const { sort, columns } = state.lists[page]
  const { columns: width } = state.size
  let from = tableMargin
  for (const placed of placeColumns(
    columnsShown(tables[page].columns, columns, width),
    width - tableMargin,
    sort.column,
  )) {
    from += placed.gap
    if (column >= from && column < from + placed.width) return placed.column.name
    from += placed.width
  }
  return null
}

/** What a panel's border takes before its first row and column, and that it begins with a row that says what it is. */
const panelEdge = { rows: 2, columns: 2 }

function inPanel({ size }: State, dialog: Dialog, { column, row }: Place): Target | null {
  const at = row - panelEdge.rows
  if (row < 0 || row >= dialogRows(dialog, size)) return null
  if (dialog.kind === 'choice') {
    const shown = itemRows(dialog.options, size)
    if (at < 0 || at >= shown) return null
    return { kind: 'choice', at: firstShown(dialog.chosen, shown, dialog.options.length) + at }
  }
  if (dialog.kind === 'form') {
    const shown = fieldRows(dialog, size)
    if (at < 0 || at >= shown) return null
    return { kind: 'field', at: firstShown(dialog.focus, shown, dialog.fields.length) + at }
  }
  if (dialog.kind !== 'confirm' || at !== itemRows(dialog.facts, size)) return null
  const yes = panelEdge.columns + buttonColumns('Cancel')
  if (column < panelEdge.columns || column >= yes + buttonColumns(dialog.yes)) return null
  return { kind: 'key', key: column < yes ? 'n' : 'y' }
}

/** Of a button with its brackets. */
function buttonColumns(name: string): number {
  return columnsOf(name) + 4
}
