import { logLevels } from '../../../shared/protocol/methods.ts'
import { logView } from '../store/view.ts'
import type { App, Handler } from './app.ts'
import { tell } from './list-handlers.ts'
import { tellDialog } from './tell-dialog.ts'

export const logHandlers = {
  logLevel: ({ store }) => {
    const at = logLevels.indexOf(store.state.log.level) + 1
    store.dispatch({ type: 'logLevel', level: logLevels[at] ?? logLevels[0] })
  },
  hold: (app) => {
    const { log } = app.store.state
    tell(app, { do: 'select', id: log.held ? null : (underCursor(app)?.id ?? null) })
  },
  entry: (app) => {
    const found = underCursor(app)
    if (found) tellDialog(app, { do: 'open', dialog: { kind: 'entry', entry: found.entry } })
  },
} satisfies Record<string, Handler>

function underCursor({ store }: App) {
  const { rows, ids, cursor } = logView(store.state)
  const [entry, id] = [rows[cursor], ids[cursor]]
  return entry && id !== undefined ? { entry, id } : undefined
}
