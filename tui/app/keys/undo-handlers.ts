import type { App, Handler } from './app.ts'
import { performAndTell } from './tell-dialog.ts'
import { askToDisable } from './user-handlers.ts'

export const undoHandlers = {
  undo: (app) => undo(app),
} satisfies Record<string, Handler>

/** Take back the last change at this daemon; what would cut connections is asked first. */
function undo(app: App): void {
  const { undo, current } = app.store.state
  if (undo?.of !== current) return app.store.announce('there is nothing to undo', 'bad')
  const { action } = undo
  if (action.do === 'setEnabled' && !action.enabled) askToDisable(app, action)
  else performAndTell(app, action)
}
