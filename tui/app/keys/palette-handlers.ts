import { usageOf, verbs } from '../../../shared/commands/verbs.ts'
import type { Palette } from '../store/dialogs.ts'
import { listPage } from '../store/pages.ts'
import { type Offer, searchOffers } from '../store/palette.ts'
import { lackOfRights } from '../store/rights.ts'
import type { State } from '../store/state.ts'
import { emptyField } from '../text-field.ts'
import type { App, Handler } from './app.ts'
import { type Binding, keyLabel, roleFor } from './binding.ts'
import { tellCommand } from './command-handlers.ts'
import { keyTable } from './key-table.ts'
import { tellDialog } from './perform.ts'

export const paletteHandlers = {
  palette: (app) => tellDialog(app, { do: 'open', dialog: { kind: 'palette', field: emptyField, chosen: 0 } }),
  nextOffer: (app) => choose(app, 1),
  previousOffer: (app) => choose(app, -1),
} satisfies Record<string, Handler>

/** What the palette shows: what the page and the role allow, as far as it matches. */
export function offersAt(state: State, { field }: Palette): Offer[] {
  const keys: readonly Binding[] = keyTable[listPage(state) ?? state.page]
  const presses = keys.flatMap((binding): Offer[] => {
    const { keys, summary, command } = binding
    const [key] = keys
    if (key === undefined || command === 'palette' || lackOfRights(state, roleFor(binding)) !== null) return []
    return [{ title: summary, label: keys.map(keyLabel).join(', '), act: { do: 'press', key } }]
  })
  const commands = Object.entries(verbs).flatMap(([name, verb]): Offer[] => {
    if (lackOfRights(state, verb.role) !== null) return []
    const text = verb.arguments === '' ? name : `${name} `
    return [{ title: verb.summary, label: `:${usageOf(name, { ...verb, flags: {} })}`, act: { do: 'type', text } }]
  })
  return searchOffers([...presses, ...commands], field.text)
}

/** Do what is chosen: as if its key were pressed, or with the command line open for it. */
export function takeOffer(app: App, press: (app: App, key: string) => void): void {
  const { dialog } = app.store.state
  if (dialog?.kind !== 'palette') return
  const offers = offersAt(app.store.state, dialog)
  const act = offers[Math.min(dialog.chosen, offers.length - 1)]?.act
  if (!act) return
  tellDialog(app, { do: 'close' })
  if (act.do === 'press') return press(app, act.key)
  tellCommand(app, { do: 'open' })
  tellCommand(app, { do: 'edit', edit: { do: 'insert', text: act.text } })
  app.daemon.look()
}

/** Stays within what matches now. */
function choose(app: App, by: number): void {
  const { dialog } = app.store.state
  if (dialog?.kind !== 'palette') return
  const last = offersAt(app.store.state, dialog).length - 1
  const from = Math.min(dialog.chosen, last)
  const to = Math.max(0, Math.min(from + by, last))
  tellDialog(app, { do: 'move', by: to - dialog.chosen })
}
