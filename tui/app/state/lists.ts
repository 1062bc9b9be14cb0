import { type Edit, editField, fieldOf, type TextField } from '../text/edit.ts'

/** A filter that is kept under a name. */
export interface NamedFilter {
  readonly name: string
  readonly filter: string
}

/** Filters of a list that a person can keep, and characters of such a name. */
const mostKept = 20
const longestName = 40

export interface Sort {
  readonly column: string
  readonly descending: boolean
}

/** What a person has chosen to see of one table. */
export interface ListState {
  readonly sort: Sort
  readonly filter: string
  /** The filter while it is typed; it acts at once. */
  readonly typing: TextField | null
  /** The id of the row that the cursor is on; null: the first row, whichever that is. */
  readonly selected: string | null
  /** Ids of rows that are marked, some of which may have gone. */
  readonly marked: ReadonlySet<string>
  /** The names of the columns that are shown where there is room; null: those that are there at first. */
  readonly columns: readonly string[] | null
  /** The filters that the person keeps. */
  readonly own: readonly NamedFilter[]
}

const none: ReadonlySet<string> = new Set()

/** A list as nobody has touched it yet, ascending by a column. */
export function listBy(column: string): ListState {
  const sort = { column, descending: false }
  return { sort, filter: '', typing: null, selected: null, marked: none, columns: null, own: [] }
}

export type ListEvent =
  | { readonly do: 'sort'; readonly sort: Sort }
  | { readonly do: 'select'; readonly id: string | null }
  | { readonly do: 'openFilter' | 'keepFilter' | 'clearFilter' }
  | { readonly do: 'editFilter'; readonly edit: Edit }
  | { readonly do: 'setFilter'; readonly filter: string }
  | { readonly do: 'mark'; readonly ids: ReadonlySet<string> }
  | { readonly do: 'columns'; readonly names: readonly string[] }
  /** Keep the filter that is set under a name, the newest of as many as can be kept. */
  | { readonly do: 'keepAs'; readonly name: string }
  | { readonly do: 'drop'; readonly name: string }
  /** Ids mean something at one daemon only. */
  | { readonly do: 'forget' }

export function reduceList(list: ListState, event: ListEvent): ListState {
  switch (event.do) {
    case 'sort':
      return { ...list, sort: event.sort }
    case 'select':
      return { ...list, selected: event.id }
    case 'openFilter':
      return { ...list, typing: fieldOf(list.filter) }
    case 'keepFilter':
      return { ...list, typing: null }
    case 'clearFilter':
      return { ...list, typing: null, filter: '' }
    case 'setFilter':
      return { ...list, typing: null, filter: event.filter }
    case 'mark':
      return { ...list, marked: event.ids }
    case 'columns':
      return { ...list, columns: event.names }
    case 'keepAs': {
      const name = event.name.trim().slice(0, longestName)
      const others = list.own.filter((one) => one.name !== name)
      return { ...list, own: [...others, { name, filter: list.filter }].slice(-mostKept) }
    }
    case 'drop':
      return { ...list, own: list.own.filter(({ name }) => name !== event.name) }
    case 'forget':
      return { ...list, selected: null, marked: none }
    case 'editFilter': {
      if (!list.typing) return list
      const typing = editField(list.typing, event.edit)
      return { ...list, typing, filter: typing.text }
    }
  }
}
