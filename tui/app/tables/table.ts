import { type Column, compareText } from './columns.ts'

export interface TableSpec<Row> {
  readonly columns: readonly Column<Row>[]
  /** What selection follows, and what orders equal rows. */
  id(row: Row): string
  /** A row's texts, by the names that a filter knows them by. */
  readonly fields: Readonly<Record<string, (row: Row) => string>>
}

export interface Sort {
  readonly column: string
  readonly descending: boolean
}

/** The rows in order, equal ones by id; the given array is left alone. */
export function sortRows<Row>(spec: TableSpec<Row>, rows: readonly Row[], sort: Sort): Row[] {
  const column = spec.columns.find(({ name }) => name === sort.column)
  const sign = sort.descending ? -1 : 1
  return [...rows].sort((one, other) => {
    const order = column ? sign * column.compare(one, other) : 0
    return order || compareIds(spec.id(one), spec.id(other))
  })
}

/** Sorting by the next column, in its natural direction. */
export function nextSort(spec: Pick<TableSpec<never>, 'columns'>, sort: Sort): Sort {
  const at = spec.columns.findIndex(({ name }) => name === sort.column)
  const next = spec.columns[(at + 1) % spec.columns.length]
  return next ? { column: next.name, descending: next.greatestFirst } : sort
}

/** Ids that are numbers go by their value. */
function compareIds(one: string, other: string): number {
  return one.length - other.length || compareText(one, other)
}
