import type { ReactElement } from 'react'
import { formatDuration } from '../../../shared/format/time.ts'
import type { Connection } from '../../../shared/protocol/methods.ts'
import { Line } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import { isStale, type State } from '../store/state.ts'
import { rates, type UpDown } from '../store/traffic.ts'
import { type Column, numberColumn, textColumn, trafficColumns } from '../tables/columns.ts'
import { layOut, placeColumns } from '../tables/layout.ts'
import { formatOf } from './format-of.ts'

interface Row {
  readonly connection: Connection
  readonly rate: UpDown
}

interface Props {
  readonly state: State
  readonly name: string
  /** Rows on the screen, the header included. */
  readonly height: number
}

/** The live connections of a user, the newest first, as many as fit. */
export function UserConnections({ state, name, height }: Props): ReactElement | null {
  const look = useLook()
  if (height < 2) return null
  const format = formatOf(state, look)
  const width = state.size.columns
  const rows = newestOf(state, name).slice(0, height - 1)
  const placed = placeColumns(columns, rows, format, width - 1)
  const old = isStale(state) ? look.theme.dim : {}
  return (
    <>
      <Line text={` ${layOut(placed, ({ header }) => header, look.ellipsis)}`} width={width} {...look.theme.columns} />
      {rows.map((row) => (
        <Line
          key={row.connection.id}
          text={` ${layOut(placed, (column) => column.cell(row, format), look.ellipsis)}`}
          width={width}
          {...old}
        />
      ))}
    </>
  )
}

function newestOf({ connections }: State, name: string): Row[] {
  const { now, before } = connections
  const own = [...now.rows.values()].filter(({ user }) => user === name)
  return own
    .sort((one, other) => other.opened - one.opened)
    .map((connection) => ({
      connection,
      rate: rates(before.rows.get(connection.id) ?? connection, connection, now.at - before.at),
    }))
}

const columns: readonly Column<Row>[] = [
  textColumn<Row>('destination', 'Live connections to', ({ connection }) => connection.destination ?? '-'),
  textColumn<Row>('state', 'State', ({ connection }) => connection.state, { width: 11, dispensable: 1 }),
  ...trafficColumns<Row>(
    ({ rate }) => rate,
    ({ connection }) => connection,
    { rates: 4, totals: 2 },
  ),
  numberColumn<Row>(
    'age',
    'Age',
    6,
    ({ connection }) => connection.opened,
    (opened, { now }) => formatDuration(now - opened),
    {
      dispensable: 3,
    },
  ),
]
