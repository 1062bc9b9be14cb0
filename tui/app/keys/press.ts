import { lackOfRights } from '../store/rights.ts'
import type { Edit } from '../text-field.ts'
import type { App, Handler } from './app.ts'
import { commandHandlers, tellCommand } from './command-handlers.ts'
import { connectionHandlers } from './connection-handlers.ts'
import { contextOf } from './context.ts'
import { copyHandlers } from './copy-handlers.ts'
import { daemonHandlers } from './daemon-handlers.ts'
import { dialogHandlers } from './dialog-handlers.ts'
import { type Binding, type KeyContext, keyTable } from './key-table.ts'
import { listHandlers, tell } from './list-handlers.ts'
import { logHandlers } from './log-handlers.ts'
import { operatorHandlers } from './operator-handlers.ts'
import { overviewHandlers } from './overview-handlers.ts'
import { pageHandlers } from './page-handlers.ts'
import { paletteHandlers, takeOffer } from './palette-handlers.ts'
import { settingHandlers } from './setting-handlers.ts'
import { tellDialog } from './tell-dialog.ts'
import { editOf } from './text-keys.ts'
import { undoHandlers } from './undo-handlers.ts'
import { userHandlers } from './user-handlers.ts'

const handlers = {
  ...pageHandlers,
  ...overviewHandlers,
  ...listHandlers,
  ...logHandlers,
  ...dialogHandlers,
  ...connectionHandlers,
  ...copyHandlers,
  ...userHandlers,
  ...undoHandlers,
  ...settingHandlers,
  ...operatorHandlers,
  ...daemonHandlers,
  ...commandHandlers,
  ...paletteHandlers,
  takeOffer: (app: App) => takeOffer(app, press),
}

/** All that a key can ask for. */
export type Command = keyof typeof handlers

/** Do what a key means where it is pressed. */
export function press(app: App, key: string): void {
  const context = contextOf(app.store.state)
  if (!app.store.state.toasts.read) app.store.dispatch({ type: 'read' })
  const bindings: readonly Binding[] = keyTable[context]
  const binding = bindings.find(({ keys }) => keys.includes(key))
  const handler: Handler | undefined = binding && handlers[binding.command]
  if (handler) {
    const lack = lackOfRights(app.store.state, binding?.role)
    return lack === null ? handler(app) : app.store.announce(`that is ${lack}`, 'bad')
  }
  const edit = editOf(key)
  if (edit) type(app, context, edit)
}

/** Put pasted text into the field that is open; without one it does nothing, so that a paste is never a command. */
export function paste(app: App, text: string): void {
  type(app, contextOf(app.store.state), { do: 'insert', text })
}

function type(app: App, context: KeyContext, edit: Edit): void {
  if (context === 'filter') tell(app, { do: 'editFilter', edit })
  if (context === 'command') tellCommand(app, { do: 'edit', edit })
  if (context === 'form' || context === 'palette') tellDialog(app, { do: 'edit', edit })
}
