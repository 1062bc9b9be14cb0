import type { Popup } from '../state/dialogs.ts'
import { firstShown, pageRows } from '../state/layout.ts'
import type { State } from '../state/state.ts'
import { menuItems } from '../tables/menus.ts'
import { columnsOf, fitText } from '../text/fit.ts'
import type { Look } from '../themes/look.ts'

/** A row of a popup: the key that takes it and a space, if it has one; what it is, and whether that is what holds now. */
export interface PopupRow {
  readonly key: string
  readonly text: string
  readonly isChosen: boolean
}

/** What lies over the right side of a page, and where: in columns and rows of the page. */
export interface PopupFrame {
  readonly title: string
  readonly left: number
  /** Columns within its border. */
  readonly width: number
  /** Rows of its list that are shown, of which the first is the row `first` of all. */
  readonly height: number
  readonly first: number
  readonly rows: readonly PopupRow[]
  /** The one that the cursor is on; none if it is negative. */
  readonly at: number
}

const titles = {
  sort: 'Sort by',
  filters: 'Filters; + keeps the one that is set, - forgets one',
  groups: 'Sums of connections by',
} as const

/** Terminal columns for the name of an item, and for all that is said beside it: at most, where there is room. */
const mostColumns = { name: 28, aside: 40 }
/** Columns and rows of the border, and columns of the cursor and the margins. */
const border = 2
const margins = 3

/** A popup as wide and high as what is in it needs, as far as the page has room. */
export function popupFrame(state: State, popup: Popup, look: Look): PopupFrame {
  const { title, rows, at } = contentOf(state, popup, look)
  const room = { width: state.size.columns - border, height: pageRows(state) - border - 1 }
  const naming = popup.kind === 'menu' ? popup.naming : null
  const typed = naming ? naming.text.length + 1 : 0
  const needed = Math.max(columnsOf(title) + 2 + typed, ...rows.map(({ key, text }) => columnsOf(key + text) + margins))
  const width = Math.min(room.width, needed)
  const height = Math.max(1, Math.min(rows.length, room.height))
  const first = firstShown(Math.max(0, at), height, rows.length)
  return { title, left: room.width - width, width, height, first, rows, at }
}

/** Which of its rows is at a place of the page; null: beside it; -1: something else of it. */
export function popupRowAt(frame: PopupFrame, { column, row }: { column: number; row: number }): number | null {
  const { left, width, height, first, rows } = frame
  if (column < left || column >= left + width + border || row < 0 || row > height + border) return null
  const at = row - border
  return at < 0 || at >= height || first + at >= rows.length ? -1 : first + at
}

function contentOf(state: State, popup: Popup, look: Look): Pick<PopupFrame, 'title' | 'rows' | 'at'> {
  if (popup.kind === 'columns') {
    const rows = popup.columns.map(({ header, shown }) => {
      return { key: '', text: `[${shown ? 'x' : ' '}] ${header}`, isChosen: false }
    })
    return { title: 'Columns, as far as there is room', rows, at: popup.at }
  }
  const items = menuItems(state, popup)
  const title = popup.naming ? `Keep ${look.text(state.lists[popup.page].filter)} as: ` : titles[popup.about]
  if (items.length === 0)
    return { title, rows: [{ key: '', text: 'none yet: / types a filter, + keeps it here', isChosen: false }], at: -1 }
  const widest = Math.max(...items.map(({ title }) => columnsOf(look.text(title))))
  const rows = items.map(({ key, title, aside, isChosen }) => {
    const name = fitText(look.text(title), Math.min(mostColumns.name, widest), look.ellipsis)
    const beside = fitText(look.text(aside), Math.min(mostColumns.aside, columnsOf(look.text(aside))), look.ellipsis)
    return { key: `${key.padEnd(1)} `, text: `${isChosen ? '*' : ' '} ${name}  ${beside}`, isChosen }
  })
  return { title, rows, at: Math.min(popup.at, items.length - 1) }
}
