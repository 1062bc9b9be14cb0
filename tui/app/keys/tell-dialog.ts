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
export async function performAndTell(app: App, action: Action): Promise<void> {
  const said = saidOf(app)
  const { done, text } = await app.daemon.perform(action)
  app.store.announce(said(text), done ? 'good' : 'bad')
}

/** Makes what is told of the daemon that is shown now name it, once another one is shown. */
export function saidOf({ store }: App): (text: string) => string {
  const { current, place } = store.state
  return (text) => (store.state.current === current ? text : `${place}: ${text}`)
}
