import type { StyledLine } from '../../components/lines.tsx'
import type { Look } from '../../look.ts'
import type { State } from '../../store/state.ts'

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
