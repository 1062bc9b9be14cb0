import { logLevels } from '../../../shared/protocol/vocabulary.ts'
import { columnsChoice } from '../state/dialogs.ts'
import { tableRows } from '../state/layout.ts'
import type { ListEvent } from '../state/lists.ts'
import { type ListPage, listPage } from '../state/pages.ts'
import { columnsShown } from '../tables/table-spec.ts'
import { tables } from '../tables/tables.ts'
import { logView, viewOf } from '../tables/view.ts'
import type { App, Handler } from './app.ts'
import { tellDialog } from './perform.ts'

export const listHandlers = {
  down: (app) => move(app, ({ cursor }) => cursor + 1),
  up: (app) => move(app, ({ cursor }) => cursor - 1),
  pageDown: (app) => move(app, ({ cursor, page }) => cursor + page),
  pageUp: (app) => move(app, ({ cursor, page }) => cursor - page),
  bottom: (app) => move(app, ({ total }) => total - 1),
  top: (app) => move(app, () => 0),
  reverse: (app) => {
    const page = listPage(app.store.state)
    if (page) sortBy(app, page, app.store.state.lists[page].sort.column)
  },
  filter: (app) => tell(app, { do: 'openFilter' }),
  keepFilter: (app) => tell(app, { do: 'keepFilter' }),
  chooseColumns: (app) => {
    const page = listPage(app.store.state)
    if (!page) return
    const dialog = columnsChoice(page, tables[page].columns, columnsOf(app, page))
    tellDialog(app, { do: 'open', dialog })
  },
  toggleColumn: (app) => tellDialog(app, { do: 'toggle' }),
  keepColumns: (app) => keepColumns(app),
  clearFilter: (app) => tell(app, { do: 'clearFilter' }),
  milderLevel: (app) => changeLevel(app, -1),
  severerLevel: (app) => changeLevel(app, 1),
  holdEvents: ({ store }) => store.dispatch({ type: 'holdEvents' }),
  hold: (app) => {
    const { state } = app.store
    const { ids, cursor } = logView(state)
    tell(app, { do: 'select', id: state.log.held ? null : (ids[cursor] ?? null) })
  },
} satisfies Record<string, Handler>

/** The levels begin with the mildest. */
function changeLevel({ store, daemon }: App, by: number): void {
  const level = logLevels[logLevels.indexOf(store.state.log.level) + by]
  if (!level) return
  store.dispatch({ type: 'logLevel', level })
  daemon.look()
}

/** Tell the list on the page of an event. */
export function tell({ store }: App, event: ListEvent): void {
  const page = listPage(store.state)
  if (page) store.dispatch({ type: 'list', page, event })
}

function keepColumns(app: App): void {
  const { dialog } = app.store.state
  if (dialog?.kind !== 'columns') return
  const names = dialog.columns.filter(({ shown }) => shown).map(({ name }) => name)
  if (names.length === 0) return app.store.announce('a table needs a column', 'bad')
  tellDialog(app, { do: 'close' })
  app.store.dispatch({ type: 'list', page: dialog.page, event: { do: 'columns', names } })
}

function move(app: App, to: (list: { cursor: number; page: number; total: number }) => number): void {
  const { state } = app.store
  const page = listPage(state)
  if (!page) return
  const { ids, cursor } = viewOf(state, page)
  const at = to({ cursor, page: tableRows(state), total: ids.length })
  // Whoever goes to the end of the log sees what comes.
  if (page === 'log' && at >= ids.length - 1) return tell(app, { do: 'select', id: null })
  tell(app, { do: 'select', id: ids[Math.max(0, Math.min(at, ids.length - 1))] ?? null })
}

/** By another column in its natural direction, by the same one the other way. */
export function sortBy({ store }: App, page: ListPage, name: string): void {
  const column = tables[page].columns.find((each) => each.name === name)
  if (!column) return
  const { sort } = store.state.lists[page]
  const descending = sort.column === name ? !sort.descending : column.greatestFirst
  store.dispatch({ type: 'list', page, event: { do: 'sort', sort: { column: name, descending } } })
}

/** The columns that were chosen, whether there is room for them or not. */
function columnsOf({ store }: App, page: ListPage) {
  return columnsShown(tables[page].columns, store.state.lists[page].columns, store.state.size.columns)
}
