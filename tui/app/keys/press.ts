import type { VerbName } from '../../../shared/commands/verbs.ts'
import type { Edit } from '../text/edit.ts'
import type { App, Handler } from './app.ts'
import { type Binding, lackToPress } from './binding.ts'
import { commandHandlers, tellCommand } from './command-handlers.ts'
import { connectionHandlers } from './connection-handlers.ts'
import { editOf } from './decode.ts'
import { detailHandlers } from './detail-handlers.ts'
import { dialogHandlers } from './dialog-handlers.ts'
import { contextOf } from './help.ts'
import { type KeyCommand, type KeyContext, keyTable } from './key-table.ts'
import { limitHandlers } from './limit-handlers.ts'
import { listHandlers, tell } from './list-handlers.ts'
import { menuHandlers, takeByKey } from './menu-handlers.ts'
import { overviewHandlers } from './overview-handlers.ts'
import { pageHandlers } from './page-handlers.ts'
import { paletteHandlers, takeOffer } from './palette.ts'
import { tellDialog } from './perform.ts'
import { ruleHandlers } from './rule-handlers.ts'
import { startVerb, verbHandlers } from './verb-handlers.ts'

/** A key without its handler here does not compile. */
const handlers: Readonly<Record<KeyCommand, Handler>> = {
  ...pageHandlers,
  ...overviewHandlers,
  ...listHandlers,
  ...menuHandlers,
  ...dialogHandlers,
  ...detailHandlers,
  ...connectionHandlers,
  ...verbHandlers,
  ...ruleHandlers,
  ...limitHandlers,
  ...commandHandlers,
  ...paletteHandlers,
  takeOffer: (app) => takeOffer(app, press),
}

/** Do what a key means where it is pressed. */
export function press(app: App, key: string): void {
  const context = contextOf(app.store.state)
  if (!app.store.state.toasts.read) app.store.dispatch({ type: 'read' })
  const bindings: readonly Bound[] = keyTable[context]
  const binding = bindings.find(({ keys }) => keys.includes(key))
  if (binding) {
    const lack = lackToPress(app.store.state, binding)
    if (lack !== null) return app.store.announce(`that is ${lack}`, 'bad')
    if (binding.command !== undefined) return handlers[binding.command](app)
    return startVerb(app, binding.verb)
  }
  if (context === 'menu') return takeByKey(app, key)
  const edit = editOf(key)
  if (edit) type(app, context, edit)
}

/** As the table has it: a command, or else a verb. */
type Bound = Binding & ({ readonly command: KeyCommand } | { readonly command?: undefined; readonly verb: VerbName })

/** Put pasted text into the field that is open; without one it does nothing, so that a paste is never a command. */
export function paste(app: App, text: string): void {
  type(app, contextOf(app.store.state), { do: 'insert', text })
}

function type(app: App, context: KeyContext, edit: Edit): void {
  if (context === 'filter') tell(app, { do: 'editFilter', edit })
  if (context === 'command') tellCommand(app, { do: 'edit', edit })
  if (context === 'form' || context === 'palette' || context === 'find' || context === 'naming')
    tellDialog(app, { do: 'edit', edit })
}
