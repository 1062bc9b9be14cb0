import type { Menu } from '../state/dialogs.ts'
import { groupings, listPage } from '../state/pages.ts'
import type { State } from '../state/state.ts'
import { quickFilters } from './quick-filters.ts'
import { columnsShown } from './table-spec.ts'
import { tables } from './tables.ts'

/** One of a menu, and the key that takes it at once; empty where there are more than keys. */
export interface MenuItem {
  readonly key: string
  readonly title: string
  /** What is said beside it. */
  readonly aside: string
  readonly isChosen: boolean
  /** What it is to its menu: a column, a filter, or what to group by. */
  readonly value: string
}

/** What a menu offers. */
export function menuItems(state: State, { about, page }: Pick<Menu, 'about' | 'page'>): readonly MenuItem[] {
  const { sort, filter, columns } = state.lists[page]
  switch (about) {
    case 'sort':
      return withKeys(
        columnsShown(tables[page].columns, columns, Number.POSITIVE_INFINITY).map(
          ({ name, header, greatestFirst }) => ({
            title: header,
            aside:
              name !== sort.column
                ? greatestFirst
                  ? 'greatest first'
                  : ''
                : sort.descending
                  ? 'downwards now'
                  : 'upwards now',
            isChosen: name === sort.column,
            value: name,
          }),
        ),
      )
    case 'filters':
      return filtersOf(state, page).map(({ name, filter: value }, at) => ({
        key: at < 9 ? String(at + 1) : '',
        title: name,
        aside: value,
        isChosen: value === filter,
        value,
      }))
    case 'groups':
      return withKeys(
        groupings.map((grouping) => ({
          title: grouping,
          aside: '',
          isChosen: listPage(state) === 'sums' && state.grouping === grouping,
          value: grouping,
        })),
      )
  }
}

/** The named filters of a list: those that it has by itself, then the person's own. */
function filtersOf({ lists }: Pick<State, 'lists'>, page: Menu['page']) {
  return [...(quickFilters[page] ?? []), ...lists[page].own]
}

/** What moves within a menu or closes it is no item's key. */
const taken = ['j', 'k', 'q']

/** Each with the first letter of its title, small or capital, else with another one of it. */
function withKeys(items: readonly Omit<MenuItem, 'key'>[]): MenuItem[] {
  const used = new Set(taken)
  return items.map((item) => {
    const small = item.title.toLowerCase().replace(/[^a-z]/g, '') || 'n'
    const letters = [small.charAt(0), small.charAt(0).toUpperCase(), ...small, ...'abcdefghilmnoprstuvwxyz']
    const key = letters.find((letter) => !used.has(letter)) ?? ''
    used.add(key)
    return { key, ...item }
  })
}
