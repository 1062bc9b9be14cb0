import { lackOfRights, lackToSee } from '../store/rights.ts'
import type { State } from '../store/state.ts'
import { columnsOf } from '../text.ts'
import { contextOf } from './context.ts'
import { type Binding, everywhere, keyLabel, keyTable } from './key-table.ts'

/** A key and the word for what it does, on the bottom line. */
export interface Hint {
  readonly key: string
  readonly text: string
  /** The terminal column where it begins. */
  readonly from: number
}

/** The keys that matter here, and that the person may use. */
export function hintsOf(state: State): Hint[] {
  const bindings: readonly Binding[] = keyTable[contextOf(state)]
  // What is on a page that is not theirs to see is none of their keys' business.
  const reach =
    state.dialog || lackToSee(state) === null ? bindings : bindings.filter((one) => everywhere.includes(one))
  return hintsFor(
    reach.filter(({ role }) => lackOfRights(state, role) === null),
    state.size.columns,
  )
}

/** As many hints as fit into `width` columns, and always the last two; where there is room, those for wide screens, too. */
export function hintsFor(bindings: readonly Binding[], width: number): Hint[] {
  const all = bindings.flatMap(({ keys: [key = ''], hint, wide }) => {
    const word = hint ?? wide
    return word ? [{ key, text: `${keyLabel(key)} ${word}`, waits: hint === undefined }] : []
  })
  let shown = all.filter(({ waits }) => !waits)
  while (shown.length > 2 && columnsOfAll(shown) > width) shown.splice(-3, 1)
  for (const one of all) {
    if (!one.waits) continue
    const more = all.filter((other) => other === one || shown.includes(other))
    if (columnsOfAll(more) > width) break
    shown = more
  }
  let from = 1
  return shown.map(({ key, text }) => {
    const placed = { key, text, from }
    from += columnsOf(text) + gap
    return placed
  })
}

/** Terminal columns of the hints on one line, with the margin before them. */
function columnsOfAll(hints: readonly Pick<Hint, 'text'>[]): number {
  return hints.reduce((sum, { text }) => sum + columnsOf(text) + gap, 1 - gap)
}

/** Spaces between two hints. */
const gap = 2

/** ` x cut  / filter  ? help  q quit`. */
export function hintLine(hints: readonly Hint[]): string {
  return ` ${hints.map(({ text }) => text).join(' '.repeat(gap))}`
}
