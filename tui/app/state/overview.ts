import type { Range } from '../../../shared/protocol/methods.ts'
import { type Drawing, drawings } from '../chart/bars.ts'
import type { UpDown } from '../chart/resample.ts'
import { type Subject, stepRange } from './graph.ts'

/** What a person has chosen to see on the overview. */
export interface OverviewChoice {
  readonly range: Range
  /** Whether each step upwards stands for ten times as much. */
  readonly logarithmic: boolean
  /** Whether down and up have one scale, by which they can be compared. */
  readonly shared: boolean
  /** Bytes a second that the scales are held for; null: they follow what is drawn. */
  readonly ceiling: UpDown | null
  readonly drawing: Drawing
  /** The one of the busiest users that the cursor is on. */
  readonly selected: Subject | null
  /** Whose graph is shown; null: everybody's. */
  readonly whose: Subject | null
}

export type OverviewEvent =
  | { readonly do: 'range'; readonly by: number }
  | { readonly do: 'logarithmic' | 'shared' | 'drawing' }
  | { readonly do: 'ceiling'; readonly bytes: UpDown | null }
  | { readonly do: 'select' | 'show'; readonly subject: Subject | null }

export const plainOverview: OverviewChoice = {
  range: '1m',
  logarithmic: false,
  shared: false,
  ceiling: null,
  drawing: 'braille',
  selected: null,
  whose: null,
}

export function reduceOverview(choice: OverviewChoice, event: OverviewEvent): OverviewChoice {
  switch (event.do) {
    case 'range':
      return { ...choice, range: stepRange(choice.range, event.by) }
    case 'logarithmic':
      return { ...choice, logarithmic: !choice.logarithmic }
    case 'shared':
      return { ...choice, shared: !choice.shared }
    case 'drawing': {
      const at = (drawings.indexOf(choice.drawing) + 1) % drawings.length
      return { ...choice, drawing: drawings[at] ?? 'braille' }
    }
    case 'ceiling':
      return { ...choice, ceiling: event.bytes }
    case 'select':
      return { ...choice, selected: event.subject }
    case 'show':
      return { ...choice, whose: event.subject }
  }
}

/** Another daemon's users are others. */
export function forgetSubjects(choice: OverviewChoice): OverviewChoice {
  return { ...choice, selected: null, whose: null }
}
