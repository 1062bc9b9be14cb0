import { fieldWord } from '../../../shared/filter/filter.ts'
import type { Connection } from '../../../shared/protocol/methods.ts'
import type { Choice } from '../state/dialogs.ts'
import { connectionsView, markedIds } from '../tables/view.ts'
import type { App, Handler } from './app.ts'
import { tell } from './list-handlers.ts'
import { tellDialog } from './perform.ts'
import { selectedConnection } from './selection.ts'

/** What is done about connections on their page, beside cutting them. */
export const connectionHandlers = {
  pause: ({ store }) => store.dispatch({ type: 'pause' }),
  holdAccess: ({ store }) => store.dispatch({ type: 'holdAccess' }),
  clearFilterOrMarks: (app) => {
    const isFiltered = app.store.state.lists.connections.filter !== ''
    tell(app, isFiltered ? { do: 'clearFilter' } : { do: 'mark', ids: new Set() })
  },
  mark: (app) => {
    const { state } = app.store
    const { ids, cursor } = connectionsView(state)
    const [id, below] = [ids[cursor], ids[cursor + 1]]
    if (id === undefined) return app.store.announce(nothingSelected, 'bad')
    const marked = new Set(markedIds(state))
    if (!marked.delete(id)) marked.add(id)
    tell(app, { do: 'mark', ids: marked })
    tell(app, { do: 'select', id: below ?? id })
  },
  // While rows come and go, those that are marked are never all that are shown.
  markAll: (app) => {
    const { state } = app.store
    const ids = markedIds(state).size > 0 ? [] : connectionsView(state).ids
    tell(app, { do: 'mark', ids: new Set(ids) })
  },
  copy: (app) => {
    const selected = selectedConnection(app.store.state)
    if ('problem' in selected) return app.store.announce(selected.problem, 'bad')
    const options = copies(selected.row).map(([name, copy]) => ({
      name: `${name.padEnd(11)} ${copy}`,
      call: null,
      copy,
    }))
    const dialog = { kind: 'choice', question: 'Copy what?', advice, options, chosen: 0 } as const
    tellDialog(app, { do: 'open', dialog })
  },
} satisfies Record<string, Handler>

const nothingSelected = 'nothing is selected'
const advice = 'It goes to the clipboard of your terminal, if that lets programs do so (OSC 52).'

/** What can be copied of a connection, by name; what people want most comes first. */
function copies(row: Connection): [name: string, text: string][] {
  const { id, user, client, destination, address, state, up, down } = row
  const whole = [id, state, user ?? '-', client, destination ?? '-', address ?? '-', `up=${up}`, `down=${down}`]
  return [
    ...(destination === null ? [] : ([['destination', destination]] as [string, string][])),
    ['client', client],
    ...(user === null ? [] : ([['user', user]] as [string, string][])),
    ['id', id],
    ['filter', destination === null ? fieldWord('id', id) : fieldWord('dst', destination)],
    ['whole row', whole.join(' ')],
  ]
}

/** Put what was chosen into the clipboard, and say so. */
export function copyChosen(app: App, { options, chosen }: Choice): void {
  const text = options[chosen]?.copy
  if (text === undefined) return
  if (app.copy(text)) app.store.announce(`copied ${text}`, 'good')
  else app.store.announce('this cannot be copied here: it is too long, or the terminal has no clipboard', 'bad')
}
