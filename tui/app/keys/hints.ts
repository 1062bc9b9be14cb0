import { lackOfRights } from '../store/rights.ts'
import type { State } from '../store/state.ts'
import { columnsOf } from '../text.ts'
import { contextOf } from './context.ts'
import { type Binding, keyLabel, keyTable } from './key-table.ts'

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
  return hintsFor(
    bindings.filter(({ role }) => lackOfRights(state, role) === null),
    state.size.columns,
  )
}

/** As many hints as fit into `width` columns, and always the last two. */
export function hintsFor(bindings: readonly Binding[], width: number): Hint[] {
  const hints = bindings.flatMap(({ keys: [key = ''], hint }) =>
    hint ? [{ key, text: `${keyLabel(key)} ${hint}` }] : [],
  )
  while (hints.length > 2 && hints.reduce((sum, { text }) => sum + columnsOf(text) + gap, -1) > width) {
    hints.splice(-3, 1)
  }
  let from = 1
  return hints.map((hint) => {
    const placed = { ...hint, from }
    from += columnsOf(hint.text) + gap
    return placed
  })
}

/** Spaces between two hints. */
const gap = 2

/** ` x cut  / filter  ? help  q quit`. */
export function hintLine(hints: readonly Hint[]): string {
  return ` ${hints.map(({ text }) => text).join(' '.repeat(gap))}`
}
