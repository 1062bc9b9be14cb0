import { usageOf, verbs } from '../../../shared/commands/verbs.ts'
import type { Menu, Palette } from '../state/dialogs.ts'
import { listPage } from '../state/pages.ts'
import { lackToDo } from '../state/rights.ts'
import type { State } from '../state/state.ts'
import { menuItems } from '../tables/menus.ts'
import { emptyField } from '../text/edit.ts'
import type { App, Handler } from './app.ts'
import { type Binding, keyLabel, lackToPress } from './binding.ts'
import { tellCommand } from './command-handlers.ts'
import { keyTable } from './key-table.ts'
import { tellDialog } from './perform.ts'

export const paletteHandlers = {
  palette: (app) => tellDialog(app, { do: 'open', dialog: { kind: 'palette', field: emptyField, chosen: 0 } }),
  nextOffer: (app) => choose(app, 1),
  previousOffer: (app) => choose(app, -1),
} satisfies Record<string, Handler>

/** What the palette shows: what the page and the person's rights allow, as far as it matches. */
export function offersAt(state: State, { field }: Palette): Offer[] {
  const keys: readonly Binding[] = keyTable[listPage(state) ?? state.page]
  const presses = keys.flatMap((binding): Offer[] => {
    const { keys, summary, command } = binding
    const [key] = keys
    if (key === undefined || command === 'palette' || lackToPress(state, binding) !== null) return []
    return [{ title: summary, label: keys.map(keyLabel).join(', '), act: { do: 'press', keys: [key] } }]
  })
  const commands = Object.entries(verbs).flatMap(([name, verb]): Offer[] => {
    if (lackToDo(state, verb) !== null) return []
    const text = verb.arguments === '' ? name : `${name} `
    return [{ title: verb.summary, label: `:${usageOf(name, { ...verb, flags: {} })}`, act: { do: 'type', text } }]
  })
  return searchOffers([...presses, ...menuOffers(state), ...commands], field.text)
}

/** What the menus of a list offer, by the keys that open one and take it. */
function menuOffers(state: State): Offer[] {
  const page = listPage(state)
  if (!page) return []
  const bindings: readonly Binding[] = keyTable[page]
  const offers = (command: 'sort' | 'filters', about: Menu['about'], title: string) => {
    const [menu] = bindings.find((binding) => binding.command === command)?.keys ?? []
    if (menu === undefined) return []
    return menuItems(state, { about, page }).flatMap((item): Offer[] => {
      if (item.key === '') return []
      const keys = [menu, item.key]
      return [{ title: `${title} ${item.title}`, label: keys.join(', '), act: { do: 'press', keys } }]
    })
  }
  return [...offers('sort', 'sort', 'sort by'), ...offers('filters', 'filters', 'show')]
}

/** Do what is chosen: as if its key were pressed, or with the command line open for it. */
export function takeOffer(app: App, press: (app: App, key: string) => void): void {
  const { dialog } = app.store.state
  if (dialog?.kind !== 'palette') return
  const offers = offersAt(app.store.state, dialog)
  const act = offers[Math.min(dialog.chosen, offers.length - 1)]?.act
  if (!act) return
  tellDialog(app, { do: 'close' })
  if (act.do === 'press') {
    for (const key of act.keys) press(app, key)
    return
  }
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

/** What the palette offers: a key of the page, or a command to be completed. */
export interface Offer {
  readonly title: string
  /** What is written beside it: the key, or how the command is written. */
  readonly label: string
  readonly act:
    | { readonly do: 'press'; readonly keys: readonly string[] }
    | { readonly do: 'type'; readonly text: string }
}

/** The offers whose title or label has the letters of `wanted` in this order, the best first, of equals the shortest; all of them for none. */
export function searchOffers(offers: readonly Offer[], wanted: string): Offer[] {
  const letters = wanted.toLowerCase().replace(/\s+/g, '')
  return offers
    .map((offer) => ({ offer, score: Math.max(score(offer.title, letters), score(offer.label, letters)) }))
    .filter(({ score }) => score > Number.NEGATIVE_INFINITY)
    .sort((one, other) => other.score - one.score || one.offer.label.length - other.offer.label.length)
    .map(({ offer }) => offer)
}

/** For a letter at the start of a word, and for one right behind the letter before: a word counts more than initials. */
const points = { start: 4, next: 5 }
const impossible = Number.NEGATIVE_INFINITY

/** How well `letters` are found in `text`, in the way that counts most; minus infinity if they are not. */
function score(text: string, letters: string): number {
  const searched = text.toLowerCase()
  // By how much of the text is used up: the most that the letters so far count, the last one found right there.
  let best: readonly number[] = [0, ...new Array<number>(searched.length).fill(impossible)]
  for (const letter of letters) {
    const next = new Array<number>(best.length).fill(impossible)
    let before = impossible
    for (let at = 0; at < searched.length; at++) {
      before = Math.max(before, best[at] ?? impossible)
      if (searched[at] !== letter) continue
      const adjacent = at === 0 ? impossible : (best[at] ?? impossible) + points.next
      next[at + 1] = Math.max(before, adjacent) + (/\w/.test(searched[at - 1] ?? ' ') ? 0 : points.start)
    }
    best = next
  }
  return Math.max(...best)
}
