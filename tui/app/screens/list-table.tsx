import type { ReactElement } from 'react'
import { useLook } from '../components/look-context.ts'
import { Table } from '../components/table.tsx'
import { tableRows } from '../layout.ts'
import type { ListPage } from '../store/pages.ts'
import { isStale, type State } from '../store/state.ts'
import type { View } from '../store/view.ts'
import type { TableSpec } from '../tables/table.ts'
import type { Style } from '../themes/theme.ts'
import { formatOf } from './format-of.ts'

interface ListTableProps<Row> {
  readonly state: State
  readonly page: ListPage
  readonly spec: TableSpec<Row>
  readonly view: View<Row>
  readonly marked?: ReadonlySet<string>
  /** What is shown is old; unless told, it is while nothing is heard of the daemon. */
  readonly dim?: boolean
  style?(row: Row): Style
}

/** The table of a page, in the order and with the columns that the person has chosen. */
export function ListTable<Row>({ state, page, ...rest }: ListTableProps<Row>): ReactElement {
  const look = useLook()
  const { sort, columns } = state.lists[page]
  return (
    <Table
      dim={isStale(state)}
      {...rest}
      sort={sort}
      columns={columns}
      format={formatOf(state, look)}
      width={state.size.columns}
      height={1 + tableRows(state)}
    />
  )
}
