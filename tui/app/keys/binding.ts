import { findVerb, type VerbName } from '../../../shared/commands/verbs.ts'
import type { Role } from '../../../shared/protocol/methods.ts'
import { lackToDo } from '../state/rights.ts'
import type { State } from '../state/state.ts'
import type { Need } from './needs.ts'

/** What one or more keys do. Handlers, the hints at the bottom and the help derive from it. */
export interface Binding {
  /** Names as `decodeKeys` gives them. */
  readonly keys: readonly string[]
  /** What is done here; without it, the verb about what is selected. */
  readonly command?: string
  /** The verb that it comes to, which says what the person must be. */
  readonly verb?: VerbName
  readonly summary: string
  /** What it acts on; without it, it always acts. */
  readonly needs?: Need
  /** A word for the bottom line, if it belongs there. */
  readonly hint?: string
  /** A word for the bottom line where the others leave room. */
  readonly wide?: string
}

/** What the person must be at least; anybody may if it is undefined. */
export function roleFor({ verb }: Binding): Role | undefined {
  return verb === undefined ? undefined : findVerb(verb).role
}

/** Why the person may not do what a key does, as `lackOfRights` tells; null if they may, as far as known. */
export function lackToPress(state: Pick<State, 'role' | 'readOnly'>, { verb }: Binding): string | null {
  return verb === undefined ? null : lackToDo(state, findVerb(verb))
}

/** How a key is written for people. */
export function keyLabel(key: string): string {
  return labels[key] ?? key.replace(/^ctrl\+(.)$/, (_, letter: string) => `Ctrl-${letter}`)
}

const labels: Readonly<Record<string, string>> = {
  up: 'Up',
  down: 'Down',
  left: 'Left',
  right: 'Right',
  pgup: 'PgUp',
  pgdn: 'PgDn',
  home: 'Home',
  end: 'End',
  enter: 'Enter',
  esc: 'Esc',
  tab: 'Tab',
  'shift+tab': 'Shift-Tab',
  space: 'Space',
  delete: 'Del',
}
