import { counted } from '../../../shared/format/count.ts'
import type { Menu } from '../state/dialogs.ts'
import { type Grouping, groupings, listPage } from '../state/pages.ts'
import { type ExportFormat, exportText } from '../tables/export.ts'
import { type MenuItem, menuItems } from '../tables/menus.ts'
import { quickFilters } from '../tables/quick-filters.ts'
import { columnsShown } from '../tables/table-spec.ts'
import { tables } from '../tables/tables.ts'
import { sumsView, viewOf } from '../tables/view.ts'
import type { App, Handler } from './app.ts'
import { sortBy, tell } from './list-handlers.ts'
import { begin, tellDialog } from './perform.ts'

/** What a list is sorted, filtered and grouped by, and taken elsewhere as. */
export const menuHandlers = {
  sort: (app) => open(app, 'sort'),
  filters: (app) => open(app, 'filters'),
  group: (app) => open(app, 'groups'),
  nextItem: (app) => move(app, 1),
  previousItem: (app) => move(app, -1),
  takeItem: (app) => {
    const menu = menuOf(app)
    const item = menu && itemAt(app, menu)
    if (item) take(app, menu, item)
  },
  nameFilter: (app) => {
    const menu = menuOf(app)
    if (menu?.about !== 'filters') return
    if (app.store.state.lists[menu.page].filter !== '') return tellDialog(app, { do: 'name' })
    app.store.announce('no filter is set that could be kept: / types one', 'bad')
  },
  leaveName: (app) => tellDialog(app, { do: 'leaveName' }),
  keepNamed: (app) => {
    const menu = menuOf(app)
    const name = menu?.naming?.text.trim() ?? ''
    if (!menu || name === '') return
    if (quickFilters[menu.page]?.some((one) => one.name === name))
      return app.store.announce(`${name} is there already: name it otherwise`, 'bad')
    app.store.dispatch({ type: 'list', page: menu.page, event: { do: 'keepAs', name } })
    tellDialog(app, { do: 'leaveName' })
  },
  dropFilter: (app) => {
    const menu = menuOf(app)
    const item = menu && itemAt(app, menu)
    if (menu?.about !== 'filters' || !item) return
    const { own } = app.store.state.lists[menu.page]
    if (!own.some(({ name }) => name === item.title)) return app.store.announce(`${item.title} is always there`, 'bad')
    app.store.dispatch({ type: 'list', page: menu.page, event: { do: 'drop', name: item.title } })
  },
  openSum: (app) => {
    const { rows, cursor } = sumsView(app.store.state)
    const sum = rows[cursor]
    if (!sum) return app.store.announce('nothing is selected', 'bad')
    const { filter } = app.store.state.lists.connections
    const event = { do: 'setFilter', filter: [filter, sum.filter].filter((word) => word !== '').join(' ') } as const
    app.store.dispatch({ type: 'list', page: 'connections', event })
    app.store.dispatch({ type: 'show', shows: 0 })
  },
  killSum: (app) => {
    const { rows, cursor } = sumsView(app.store.state)
    const sum = rows[cursor]
    if (!sum) return app.store.announce('nothing is selected', 'bad')
    const count = sum.ids.length
    void begin(
      app,
      { verb: 'cut', values: sum.ids },
      {
        question: `Cut ${counted(count, 'connection')} of ${app.store.state.grouping} ${sum.of}?`,
        facts: [`They are those that ${sum.filter} shows.`],
        yes: `Cut ${count}`,
      },
    )
  },
  exportShown: (app) => {
    const { state } = app.store
    const page = listPage(state)
    if (!page) return
    const question = `Write ${counted(viewOf(state, page).rows.length, 'row')} into a file?`
    const advice = 'It is made where the app was started, for you alone to read.'
    const options = [
      { name: 'CSV, for spreadsheets', call: null, exports: 'csv' },
      { name: 'JSON, for programs', call: null, exports: 'json' },
    ] as const
    tellDialog(app, { do: 'open', dialog: { kind: 'choice', question, advice, options, chosen: 0 } })
  },
} satisfies Record<string, Handler>

/** Take the one that has this key, if one has. */
export function takeByKey(app: App, key: string): void {
  const menu = menuOf(app)
  const item = menu && menuItems(app.store.state, menu).find((one) => one.key === key)
  if (item) take(app, menu, item)
}

/** Write what the page shows into a new file, and say how it is called. */
export async function exportRows(app: App, format: ExportFormat): Promise<void> {
  const { state } = app.store
  const page = listPage(state)
  if (!page) return
  const columns = columnsShown<(typeof tables)[typeof page]['columns'][number]>(
    tables[page].columns,
    state.lists[page].columns,
    Number.POSITIVE_INFINITY,
  )
  const rows = viewOf(state, page).rows as readonly never[]
  const now = new Date().toISOString().slice(0, 19).replaceAll(':', '')
  const file = `proxyd-${page}-${now}Z.${format}`
  const problem = await app.save(file, exportText(columns, rows, format))
  if (problem === null) app.store.announce(`wrote ${file}: ${counted(rows.length, 'row')}`, 'good')
  else app.store.announce(problem, 'bad')
}

function open(app: App, about: Menu['about']): void {
  const { state } = app.store
  const page = listPage(state)
  if (!page) return
  const items = menuItems(state, { about, page })
  const at = Math.max(
    0,
    items.findIndex(({ isChosen }) => isChosen),
  )
  tellDialog(app, { do: 'open', dialog: { kind: 'menu', about, page, at, naming: null } })
}

function menuOf({ store }: App): Menu | null {
  const { dialog } = store.state
  return dialog?.kind === 'menu' ? dialog : null
}

function itemAt({ store }: App, menu: Menu): MenuItem | undefined {
  const items = menuItems(store.state, menu)
  return items[Math.min(menu.at, items.length - 1)]
}

function move(app: App, by: number): void {
  const menu = menuOf(app)
  if (!menu) return
  const last = menuItems(app.store.state, menu).length - 1
  const from = Math.min(menu.at, last)
  const to = Math.max(0, Math.min(from + by, last))
  tellDialog(app, { do: 'move', by: to - menu.at })
}

function take(app: App, { about, page }: Menu, { value, isChosen }: MenuItem): void {
  tellDialog(app, { do: 'close' })
  switch (about) {
    case 'sort':
      return sortBy(app, page, value)
    case 'filters':
      // The one that is set is taken off by the same key.
      return tell(app, { do: 'setFilter', filter: isChosen ? '' : value })
    case 'groups':
      return app.store.dispatch({ type: 'grouping', grouping: groupings.find((one) => one === value) as Grouping })
  }
}
