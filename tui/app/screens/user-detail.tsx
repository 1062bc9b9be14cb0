import type { ReactElement } from 'react'
import { formatBytes, formatRate } from '../../../shared/format/bytes.ts'
import { counted } from '../../../shared/format/count.ts'
import { formatDuration, formatTime } from '../../../shared/format/time.ts'
import type { Connection, Range } from '../../../shared/protocol/methods.ts'
import type { UpDown } from '../chart/resample.ts'
import { Line, Lines, labelled } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import { Throughput } from '../components/throughput.tsx'
import { graphPoints, rangeLengths } from '../state/graph.ts'
import { pageRows } from '../state/layout.ts'
import { limitRows } from '../state/limits.ts'
import { isStale, type State } from '../state/state.ts'
import { rates } from '../state/traffic.ts'
import type { UserRow } from '../state/users.ts'
import { layOut, placeColumns } from '../tables/column-widths.ts'
import { type Column, numberColumn, placeColumn, textColumn, trafficColumns } from '../tables/columns.ts'
import { breakLines, cut } from '../text/fit.ts'
import type { Role } from '../themes/theme.ts'
import { formatOf } from './list-pages.tsx'

/** Rows of facts, of limits at most, and what the graphs get of the rest; not less than a readable graph needs. */
const factRows = 3
const mostLimitRows = 3
/** Columns of what they are about, the margin included. */
const labelColumns = 8
const graphShare = 0.55
const smallestGraph = 7

interface UserProps {
  readonly state: State
  readonly name: string
  readonly range: Range
}

/** All about one user, in the place of the page: facts, throughput, live connections. */
export function UserPage({ state, name, range }: UserProps): ReactElement {
  const look = useLook()
  const { columns: width } = state.size
  const row = state.users.rows?.find(({ user }) => user.name === name)
  if (!row) return <Line text={` User ${look.text(name)} is gone.`} width={width} {...look.theme.heading} />
  const limits = breakLines(cut(`Limits ${limitsText(row)}`, mostLimitRows * width), width - 2).slice(0, mostLimitRows)
  const height = pageRows(state) - factRows - limits.length
  const graphs = Math.max(smallestGraph, Math.floor(height * graphShare))
  return (
    <>
      <Lines
        lines={[
          ...facts(row, state.rateUnit).map((fact, at) =>
            labelled(
              ` ${look.text(fact)}`,
              at === 0 ? 0 : labelColumns,
              look.theme.label,
              at === 0 ? look.theme.heading : {},
            ),
          ),
          ...limits.map((line, at) =>
            labelled(` ${look.text(line)}`, at === 0 ? labelColumns : 0, look.theme.label, look.theme[toneOf(row)]),
          ),
        ]}
        width={width}
        height={factRows + limits.length}
      />
      <Throughput
        points={graphPoints(state.graphs, { range, whose: { user: name } })}
        length={rangeLengths[range]}
        rate={row.rate}
        whose=""
        rateUnit={state.rateUnit}
        logarithmic={state.overview.logarithmic}
        shared={state.overview.shared}
        ceiling={null}
        width={width}
        height={graphs}
        dim={isStale(state)}
      />
      <UserConnections state={state} name={name} height={height - graphs} />
    </>
  )
}

function facts({ user, rate }: UserRow, rateUnit: State['rateUnit']): string[] {
  const lasts = user.stored ? 'kept' : 'until restart'
  const perSecond = (bytes: number) => formatRate(bytes, rateUnit)
  return [
    `User ${user.name}   ${user.enabled ? 'enabled' : 'disabled'}   ${lasts}   created ${formatTime(user.created)}`,
    `Now    ${counted(user.connections, 'connection')}   down ${perSecond(rate.down)}   up ${perSecond(rate.up)}`,
    `Total  down ${formatBytes(user.down)}   up ${formatBytes(user.up)}   since the daemon's start`,
  ]
}

/** What is in force, and whose it is: `rate-down 10MB/s (staff)`, without a name where it is their own. */
function limitsText({ user }: UserRow): string {
  const told = limitRows(user).map(({ name, value, whose }) => `${name} ${value}${whose === null ? '' : ` (${whose})`}`)
  const { ended, cycleEnds } = user.use
  const state = ended === null ? [] : [`NOW ${endings[ended] ?? ended}`]
  const anew = cycleEnds === null ? [] : [`quota anew ${formatTime(cycleEnds)}`]
  return [...state, ...told, ...anew].join('   ') || 'none'
}

const endings: Readonly<Record<string, string>> = {
  quota: 'the quota is used up',
  slowed: 'slowed, the quota is used up',
  expired: 'their time is over',
}

function toneOf({ user }: UserRow): Role {
  const { ended } = user.use
  return ended === null ? 'dim' : ended === 'slowed' ? 'warning' : 'bad'
}

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
function UserConnections({ state, name, height }: Props): ReactElement | null {
  const look = useLook()
  if (height < 2) return null
  const format = formatOf(state, look)
  const width = state.size.columns
  const rows = newestOf(state, name).slice(0, height - 1)
  const placed = placeColumns(columns, width - 1)
  const old = isStale(state) ? look.theme.dim : {}
  return (
    <>
      <Line text={` ${layOut(placed, ({ header }) => header, look.ellipsis)}`} width={width} {...look.theme.columns} />
      {rows.map((row, at) => (
        <Line
          // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is nothing but its place
          key={at}
          text={` ${layOut(placed, (column, room) => column.cell(row, format, room), look.ellipsis)}`}
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
  placeColumn<Row>('destination', 'Live connections to', ({ connection }) => connection.destination ?? '-', {
    width: 22,
    widest: 64,
  }),
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
