import { pagesOf } from '../store/daemons.ts'
import type { Page } from '../store/state.ts'
import { nextTheme } from '../themes/theme.ts'
import type { App, Handler } from './app.ts'
import { tellDialog } from './tell-dialog.ts'

export const pageHandlers = {
  overview: (app) => open(app, 'overview'),
  connections: (app) => open(app, 'connections'),
  users: (app) => open(app, 'users'),
  log: (app) => open(app, 'log'),
  settings: (app) => open(app, 'settings'),
  operators: (app) => open(app, 'operators'),
  nextPage: (app) => open(app, neighbour(app, 1)),
  previousPage: (app) => open(app, neighbour(app, -1)),
  help: (app) => {
    const { dialog } = app.store.state
    tellDialog(app, { do: 'open', dialog: { kind: 'help', scroll: 0, ...(dialog && { behind: dialog }) } })
  },
  said: (app) => tellDialog(app, { do: 'open', dialog: { kind: 'said', scroll: 0 } }),
  rateUnit: ({ store }) => store.dispatch({ type: 'rateUnit' }),
  mouse: (app) => toggleMouse(app),
  theme: (app) => changeTheme(app),
  reconnect: ({ daemon }) => daemon.reconnect(),
  redraw: (app) => app.redraw(),
  suspend: (app) => app.suspend(),
  quit: (app) => app.quit(),
} satisfies Record<string, Handler>

function toggleMouse({ store }: App): void {
  store.dispatch({ type: 'mouse' })
  store.announce(store.state.mouse ? 'the mouse is ours again' : "the mouse is the terminal's: it selects text", 'good')
}

function changeTheme({ store }: App): void {
  const theme = nextTheme(store.state.theme)
  store.dispatch({ type: 'theme', theme })
  store.announce(`the theme is ${theme}`, 'good')
}

function open({ store, daemon }: App, page: Page): void {
  store.dispatch({ type: 'page', page })
  if (page === 'users' || page === 'settings' || page === 'operators') daemon.look()
}

function neighbour({ store }: App, by: number): Page {
  const pages = pagesOf(store.state)
  const at = pages.indexOf(store.state.page) + by
  return pages.at(at % pages.length) ?? 'overview'
}
