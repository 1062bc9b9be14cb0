import type { ListState } from '../state/lists.ts'
import type { ListPage } from '../state/pages.ts'
import type { ListPreferences, Preferences } from '../state/preferences.ts'
import type { UiState } from '../state/state.ts'
import { tables } from '../tables/tables.ts'

const listPages = Object.keys(tables) as ListPage[]

/** What is worth to be found again of what the person has made of the screen. */
export function preferencesOf(ui: UiState): Preferences {
  const { theme, mouse, rateUnit, overview, lists } = ui
  const { range, logarithmic, shared, drawing } = overview
  const kept = listPages.map((page) => [
    page,
    { sort: lists[page].sort, columns: lists[page].columns, own: lists[page].own },
  ])
  return { theme, mouse, rateUnit, range, logarithmic, shared, drawing, lists: Object.fromEntries(kept) }
}

/** The screen as the person wants it; columns that no table has any longer are left alone. */
export function prefer(ui: UiState, wanted: Preferences): UiState {
  const { theme, mouse, rateUnit, range, logarithmic, shared, drawing } = wanted
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
      shared: shared ?? ui.overview.shared,
      drawing: drawing ?? ui.overview.drawing,
    },
    lists: Object.fromEntries(lists),
  }
}

function preferList(now: ListState, page: ListPage, wanted: ListPreferences = {}): ListState {
  const isThere = (column: string) => tables[page].columns.some(({ name }) => name === column)
  const columns = wanted.columns?.filter(isThere) ?? null
  return {
    ...now,
    sort: wanted.sort && isThere(wanted.sort.column) ? wanted.sort : now.sort,
    columns: columns && columns.length > 0 ? columns : now.columns,
    own: wanted.own ?? now.own,
  }
}
