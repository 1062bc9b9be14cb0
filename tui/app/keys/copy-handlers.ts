import type { Connection } from '../../../shared/protocol/methods.ts'
import type { Choice } from '../store/dialogs.ts'
import { fieldWord } from '../tables/filter-words.ts'
import type { App, Handler } from './app.ts'
import { connectionUnderCursor } from './connection-handlers.ts'
import { tellDialog } from './tell-dialog.ts'

export const copyHandlers = {
  copy: (app) => {
    const row = connectionUnderCursor(app.store.state)
    if (!row) return app.store.announce('nothing is selected', 'bad')
    const options = copies(row).map(([name, copy]) => ({ name: `${name.padEnd(11)} ${copy}`, action: null, copy }))
    tellDialog(app, {
      do: 'open',
      dialog: { kind: 'choice', question: 'Copy what?', advice, options, chosen: 0 },
    })
  },
} satisfies Record<string, Handler>

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
