import { z } from 'zod'
import { ranges } from '../../../shared/protocol/methods.ts'
import type { ListState } from '../store/lists.ts'
import { drawings } from '../store/overview.ts'
import type { ListPage } from '../store/pages.ts'
import type { UiState } from '../store/state.ts'
import { tables } from '../tables/tables.ts'
import { themeNames } from '../themes/theme.ts'

const listPages = Object.keys(tables) as ListPage[]

/** What cannot be read says nothing: a newer app may have written it. */
const list = z.object({
  sort: z.object({ column: z.string(), descending: z.boolean() }).optional().catch(undefined),
  columns: z.array(z.string()).nullable().optional().catch(undefined),
})

const shape = z.object({
  theme: z.enum(themeNames).optional().catch(undefined),
  mouse: z.boolean().optional().catch(undefined),
  rateUnit: z.enum(['bytes', 'bits']).optional().catch(undefined),
  range: z.enum(ranges).optional().catch(undefined),
  logarithmic: z.boolean().optional().catch(undefined),
  drawing: z.enum(drawings).optional().catch(undefined),
  lists: z.record(z.string(), list.catch({})).optional().catch(undefined),
})

/** What a person has chosen and wants to find again. What is missing was never chosen. */
export type Preferences = z.infer<typeof shape>

/** The choices in what was saved; null if that is no such thing. */
export function readPreferences(text: string): Preferences | null {
  try {
    return shape.parse(JSON.parse(text))
  } catch {
    return null
  }
}

/** What is worth to be found again of what the person has made of the screen. */
export function preferencesOf(ui: UiState): Preferences {
  const { theme, mouse, rateUnit, overview, lists } = ui
  const { range, logarithmic, drawing } = overview
  const kept = listPages.map((page) => [page, { sort: lists[page].sort, columns: lists[page].columns }])
  return { theme, mouse, rateUnit, range, logarithmic, drawing, lists: Object.fromEntries(kept) }
}

/** The screen as the person wants it; columns that no table has any longer are left alone. */
export function prefer(ui: UiState, wanted: Preferences): UiState {
  const { theme, mouse, rateUnit, range, logarithmic, drawing } = wanted
  const lists = listPages.map((page) => [page, preferList(ui.lists[page], page, wanted.lists?.[page])])
  return {
    ...ui,
    theme: theme ?? ui.theme,
    mouse: mouse ?? ui.mouse,
    rateUnit: rateUnit ?? ui.rateUnit,
    overview: {
      ...ui.overview,
      range: range ?? ui.overview.range,
      logarithmic: logarithmic ?? ui.overview.logarithmic,
      drawing: drawing ?? ui.overview.drawing,
    },
    lists: Object.fromEntries(lists),
  }
}

function preferList(now: ListState, page: ListPage, wanted: z.infer<typeof list> = {}): ListState {
  const isThere = (column: string) => tables[page].columns.some(({ name }) => name === column)
  const columns = wanted.columns?.filter(isThere) ?? null
  return {
    ...now,
    sort: wanted.sort && isThere(wanted.sort.column) ? wanted.sort : now.sort,
    columns: columns && columns.length > 0 ? columns : now.columns,
  }
}
