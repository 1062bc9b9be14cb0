import type { Column } from '../tables/columns.ts'
import type { ListPage } from './state.ts'

/** Which columns of a list are to be shown. */
export interface ColumnsChoice {
  readonly kind: 'columns'
  readonly page: ListPage
  readonly columns: readonly { readonly name: string; readonly header: string; readonly shown: boolean }[]
  /** The one that the cursor is on. */
  readonly at: number
}

export type ColumnsEvent = { readonly do: 'move'; readonly by: number } | { readonly do: 'toggle' }

/** A choice among all columns of a list, of which these are shown now. */
export function columnsChoice(
  page: ListPage,
  columns: readonly Pick<Column<never>, 'name' | 'header'>[],
  shown: readonly Pick<Column<never>, 'name'>[],
): ColumnsChoice {
  const options = columns.map((column) => ({
    name: column.name,
    header: column.header,
    shown: shown.some(({ name }) => name === column.name),
  }))
  return { kind: 'columns', page, columns: options, at: 0 }
}

export function reduceColumns(choice: ColumnsChoice, event: ColumnsEvent): ColumnsChoice {
  const { columns, at } = choice
  if (event.do === 'move') return { ...choice, at: (at + event.by + columns.length) % columns.length }
  const column = columns[at]
  return column ? { ...choice, columns: columns.with(at, { ...column, shown: !column.shown }) } : choice
}
