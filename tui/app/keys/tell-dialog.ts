import type { Action } from '../link/action.ts'
import type { Confirmation, DialogEvent } from '../store/dialogs.ts'
import type { App } from './app.ts'

/** Tell the dialog that is open of an event. */
export function tellDialog({ store }: App, event: DialogEvent): void {
  store.dispatch({ type: 'dialog', event })
}

/** Ask before something is done; Cancel is chosen. */
export function confirm(app: App, asked: Omit<Confirmation, 'kind' | 'chosen'>): void {
  tellDialog(app, { do: 'open', dialog: { kind: 'confirm', chosen: false, ...asked } })
}

/** Do something and say in one line what came of it. */
export async function performAndTell({ store, daemon }: App, action: Action): Promise<void> {
  const { done, text } = await daemon.perform(action)
  store.announce(text, done ? 'good' : 'bad')
}
