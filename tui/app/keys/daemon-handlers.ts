import { selectedId } from '../store/view.ts'
import type { App, Handler } from './app.ts'

export const daemonHandlers = {
  daemons: (app) => {
    if (hasSeveral(app)) app.store.dispatch({ type: 'page', page: 'daemons' })
  },
  nextDaemon: (app) => show(app, app.store.state.current + 1),
  previousDaemon: (app) => show(app, app.store.state.current - 1),
  openDaemon: (app) => {
    const id = selectedId(app.store.state, 'daemons')
    if (id === null) return app.store.announce('nothing is selected', 'bad')
    app.store.dispatch({ type: 'page', page: 'overview' })
    show(app, Number(id))
  },
  reconnectDaemon: ({ store, daemons }) => {
    const id = selectedId(store.state, 'daemons')
    if (id !== null) daemons[Number(id)]?.reconnect()
  },
} satisfies Record<string, Handler>

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
  if (!several) store.announce('there is one daemon only; name several with --host or --profile', 'bad')
  return several
}
