import type { Fields } from '../../../shared/filter/fields.ts'
import type { Sort } from '../state/lists.ts'
import { type Column, compareText } from './columns.ts'

export interface TableSpec<Row> {
  readonly columns: readonly Column<Row>[]
  /** What selection follows, and what orders equal rows. */
  id(row: Row): string
  /** What a filter can ask of a row. */
  readonly fields: Fields<Row>
  /** What must be seen of a row at a glance: it has a sign for that before it. Without it, nothing. */
  alert?(row: Row): 'warning' | 'bad' | null
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

/** The columns of these names, in their order; for null, those that are there at first in a terminal so wide. */
export function columnsShown<One extends Pick<Column<never>, 'name' | 'from'>>(
  columns: readonly One[],
  names: readonly string[] | null,
  width: number,
): readonly One[] {
  return columns.filter(({ name, from = 0 }) => (names ? names.includes(name) : width >= from))
}

/** Ids that are numbers go by their value. */
export function compareIds(one: string, other: string): number {
  return one.length - other.length || compareText(one, other)
}
