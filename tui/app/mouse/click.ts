import type { App } from '../keys/app.ts'
import type { Binding } from '../keys/binding.ts'
import { contextOf } from '../keys/help.ts'
import { keyTable } from '../keys/key-table.ts'
import { sortBy } from '../keys/list-handlers.ts'
import { press } from '../keys/press.ts'
import { isPopup } from '../state/dialogs.ts'
import { isSameSubject } from '../state/graph.ts'
import type { MouseEvent } from '../terminal/input-splitter.ts'
import { type Target, targetAt } from './target.ts'

/** Rows that one notch of the wheel moves. */
const notch = 3

/** Do what the mouse means where it is. */
export function click(app: App, { kind, column, row }: MouseEvent): void {
  if (kind !== 'press') return roll(app, kind === 'wheelUp' ? 'up' : 'down')
  const target = targetAt(app.store.state, { column, row })
  if (target) take(app, target)
}

/** In a field, the arrows are about what is typed: the wheel leaves that alone. */
function roll(app: App, key: 'up' | 'down'): void {
  const context = contextOf(app.store.state)
  if (context === 'form' || context === 'command') return
  for (let rows = 0; rows < notch; rows++) press(app, key)
}

function take(app: App, target: Target): void {
  const { store } = app
  const { dialog } = store.state
  switch (target.kind) {
    case 'key':
      return press(app, target.key)
    case 'tab':
      // It lies beside what covers the page, not below it.
      if (dialog) press(app, 'esc')
      return press(app, keyOf(target.page))
    case 'row':
      // The first click selects, the second is Enter.
      if (store.state.lists[target.page].selected === target.id) return press(app, 'enter')
      return store.dispatch({ type: 'list', page: target.page, event: { do: 'select', id: target.id } })
    case 'user':
      if (isSameSubject(store.state.overview.selected, target.subject)) return press(app, 'enter')
      return store.dispatch({ type: 'overview', event: { do: 'select', subject: target.subject } })
    case 'column':
      // Only where a key could, too.
      if (isSorted(app)) sortBy(app, target.page, target.name)
      return
    case 'field':
      if (dialog?.kind !== 'form') return
      return store.dispatch({ type: 'dialog', event: { do: 'focus', by: target.at - dialog.focus } })
    case 'item':
      // It can be taken back as easily, so that one click takes it.
      if (!dialog || !isPopup(dialog)) return
      store.dispatch({ type: 'dialog', event: { do: 'move', by: target.at - dialog.at } })
      return press(app, dialog.kind === 'menu' ? 'enter' : 'space')
    case 'choice':
      if (dialog?.kind !== 'choice') return
      if (dialog.chosen === target.at) return press(app, 'enter')
      return store.dispatch({ type: 'dialog', event: { do: 'move', by: target.at - dialog.chosen } })
  }
}

/** The key that opens a page. */
function keyOf(page: string): string {
  const bindings: readonly Binding[] = keyTable.overview
  return bindings.find(({ command }) => command === page)?.keys[0] ?? ''
}

/** Whether the keys that are at hand sort what is shown. */
function isSorted({ store }: App): boolean {
  const bindings: readonly Binding[] = keyTable[contextOf(store.state)]
  return bindings.some(({ command }) => command === 'sort')
}
