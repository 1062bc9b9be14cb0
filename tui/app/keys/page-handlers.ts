import { counted } from '../../../shared/format/count.ts'
import type { FleetNode } from '../../../shared/protocol/methods.ts'
import { isInFleet, pagesOf } from '../state/daemons.ts'
import { unsearched } from '../state/dialogs.ts'
import { listPage, nextList, nodesShown, type Page } from '../state/pages.ts'
import { isThere } from '../tables/nodes-table.ts'
import { nodesView, selectedId } from '../tables/view.ts'
import { nextTheme } from '../themes/theme.ts'
import type { App, Handler } from './app.ts'
import { tell } from './list-handlers.ts'
import { begin, tellDialog } from './perform.ts'

/** Which page is shown, of which daemon, and how it looks. */
export const pageHandlers = {
  overview: (app) => openPage(app, 'overview'),
  connections: (app) => openPage(app, 'connections'),
  users: (app) => openPage(app, 'users'),
  rules: (app) => openPage(app, 'rules'),
  bans: (app) => openPage(app, 'bans'),
  log: (app) => openPage(app, 'log'),
  settings: (app) => openPage(app, 'settings'),
  operators: (app) => openPage(app, 'operators'),
  nextList: ({ store, daemon }) => {
    store.dispatch({ type: 'show', shows: nextList(store.state) })
    daemon.look()
  },
  clearFilterOrLeave: (app) => {
    const page = listPage(app.store.state)
    if (page && app.store.state.lists[page].filter !== '') tell(app, { do: 'clearFilter' })
    else app.store.dispatch({ type: 'show', shows: 0 })
  },
  daemons: (app) => {
    if (pagesOf(app.store.state).includes('daemons')) openPage(app, 'daemons')
    else hasSeveral(app)
  },
  nextDaemon: (app) => show(app, app.store.state.current + 1),
  previousDaemon: (app) => show(app, app.store.state.current - 1),
  openDaemon: (app) => {
    const id = selectedId(app.store.state, 'daemons')
    if (id === null) return app.store.announce('nothing is selected', 'bad')
    app.store.dispatch({ type: 'page', page: 'overview' })
    show(app, Number(id))
  },
  openNode: (app) => {
    const node = selectedNode(app)
    if (!node) return
    const at = app.reach(node)
    if (typeof at === 'string') return app.store.announce(at, 'bad')
    app.store.dispatch({ type: 'page', page: 'overview' })
    if (at !== app.store.state.current) app.store.dispatch({ type: 'daemon', at })
    app.daemon.look()
  },
  addNodes: (app) => {
    const { store } = app
    const before = store.state.daemons.length
    const there = store.state.fleet?.nodes.filter(isThere) ?? []
    const problems = there.map((node) => app.reach(node)).filter((at) => typeof at === 'string')
    const added = store.state.daemons.length - before
    const [problem] = problems
    if (problem !== undefined) store.announce(problem, 'bad')
    else store.announce(added > 0 ? `${counted(added, 'daemon')} added` : 'all nodes are among the daemons', 'good')
  },
  drainNode: (app) => {
    const node = selectedNode(app)
    if (node) void begin(app, { verb: node.state === 'drains' ? 'nodes undrain' : 'nodes drain', values: [node.name] })
  },
  forgetNode: (app) => {
    const node = selectedNode(app)
    if (node) void begin(app, { verb: 'nodes forget', values: [node.name] })
  },
  reconnectDaemon: ({ store, daemons }) => {
    const id = selectedId(store.state, 'daemons')
    if (id !== null) daemons[Number(id)]?.reconnect()
  },
  nextPage: (app) => openPage(app, neighbour(app, 1)),
  previousPage: (app) => openPage(app, neighbour(app, -1)),
  help: (app) => {
    const { dialog } = app.store.state
    tellDialog(app, { do: 'open', dialog: { kind: 'help', ...unsearched, ...(dialog && { behind: dialog }) } })
  },
  commandLog: (app) => {
    const count = app.store.state.done.length
    tellDialog(app, { do: 'open', dialog: { kind: 'commands', chosen: 0, count } })
  },
  messages: (app) => tellDialog(app, { do: 'open', dialog: { kind: 'messages', scroll: 0 } }),
  rateUnit: ({ store }) => store.dispatch({ type: 'rateUnit' }),
  mouse: (app) => toggleMouse(app),
  theme: (app) => changeTheme(app),
  reconnect: ({ daemon }) => daemon.reconnect(),
  redraw: (app) => app.redraw(),
  suspend: (app) => app.suspend(),
  quit: (app) => app.quit(),
} satisfies Record<string, Handler>

function selectedNode({ store }: App): FleetNode | undefined {
  const { rows, cursor } = nodesView(store.state)
  const node = rows[cursor]
  if (!node) store.announce('nothing is selected', 'bad')
  return node
}

function toggleMouse({ store }: App): void {
  store.dispatch({ type: 'mouse' })
  store.announce(store.state.mouse ? 'the mouse is ours again' : "the mouse is the terminal's: it selects text", 'good')
}

function changeTheme({ store }: App): void {
  const theme = nextTheme(store.state.theme)
  store.dispatch({ type: 'theme', theme })
  const { background } = store.state
  store.announce(`the theme is ${theme}${theme === 'auto' ? `, which is ${background} here` : ''}`, 'good')
}

/** Show a page, and have it asked for what it shows. */
export function openPage({ store, daemon }: App, page: Page): void {
  const shows = page === 'daemons' && isInFleet(store.state) ? nodesShown : 0
  store.dispatch({ type: 'page', page, shows })
  if (page !== 'overview' && page !== 'connections' && page !== 'log') daemon.look()
}

function neighbour({ store }: App, by: number): Page {
  const pages = pagesOf(store.state)
  const at = pages.indexOf(store.state.page) + by
  return pages.at(at % pages.length) ?? 'overview'
}

/** Show the daemon with this number, counted on around the end. */
function show(app: App, number: number): void {
  if (!hasSeveral(app)) return
  const { store } = app
  const { length } = store.state.daemons
  store.dispatch({ type: 'daemon', at: (number + length) % length })
  app.daemon.look()
}

/** Whether there are others; says so if not. */
function hasSeveral({ store }: App): boolean {
  const several = store.state.daemons.length > 1
  if (!several) store.announce('there is one daemon only; name several with --host, --socket or --profile', 'bad')
  return several
}
