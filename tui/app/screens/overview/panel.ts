import type { StyledLine } from '../../components/line.tsx'
import type { State } from '../../state/state.ts'
import type { Look } from '../../themes/look.ts'

/** What a panel is made of. */
export interface PanelRoom {
  readonly state: State
  readonly look: Look
  /** Terminal columns and rows. */
  readonly width: number
  readonly height: number
}

/** A panel's rows, its heading the first; they may be fewer or more than fit. */
export type Panel = (room: PanelRoom) => StyledLine[]

/** A user's name for people; clients without login have none. */
export function nameOf({ name }: { readonly name: string | null }): string {
  return name ?? '(no login)'
}
