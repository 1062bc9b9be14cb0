import { type Edit, editField, fieldOf, type TextField } from '../text/edit.ts'

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
}

const none: ReadonlySet<string> = new Set()

/** A list as nobody has touched it yet, ascending by a column. */
export function listBy(column: string): ListState {
  return { sort: { column, descending: false }, filter: '', typing: null, selected: null, marked: none, columns: null }
}

export type ListEvent =
  | { readonly do: 'sort'; readonly sort: Sort }
  | { readonly do: 'select'; readonly id: string | null }
  | { readonly do: 'openFilter' | 'keepFilter' | 'clearFilter' }
  | { readonly do: 'editFilter'; readonly edit: Edit }
  | { readonly do: 'setFilter'; readonly filter: string }
  | { readonly do: 'mark'; readonly ids: ReadonlySet<string> }
  | { readonly do: 'columns'; readonly names: readonly string[] }
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
    case 'forget':
      return { ...list, selected: null, marked: none }
    case 'editFilter': {
      if (!list.typing) return list
      const typing = editField(list.typing, event.edit)
      return { ...list, typing, filter: typing.text }
    }
  }
}
