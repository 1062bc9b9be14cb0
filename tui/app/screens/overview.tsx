import { Box } from 'ink'
import { memo, type ReactElement } from 'react'
import { formatBytes, formatRate } from '../../../shared/format/bytes.ts'
import type { Sample } from '../../../shared/protocol/methods.ts'
import { chartValues } from '../chart/line-chart.ts'
import { resample } from '../chart/resample.ts'
import { type RateUnit, scaleFor } from '../chart/scale.ts'
import { Chart } from '../components/chart.tsx'
import { Line } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import { pageRows } from '../layout.ts'
import { connections } from '../link/perform.ts'
import { isStale, type State, zooms } from '../store/state.ts'
import type { Point, UserTraffic } from '../store/traffic.ts'
import { numberColumn, textColumn } from '../tables/columns.ts'
import { layOut, placeColumns } from '../tables/layout.ts'
import { formatOf } from './format-of.ts'

/** Rows for the totals and for the header of the busiest users. */
const totalRows = 2
const headerRows = 1
/** The graphs get this share of the rest, and not less than a readable graph needs. */
const graphShare = 0.65
const smallestGraph = 7

/** Throughput, totals, and who is busiest. */
export function Overview({ state }: { readonly state: State }): ReactElement {
  const width = state.size.columns
  const height = pageRows(state)
  const graphs = Math.max(smallestGraph, Math.floor((height - totalRows - headerRows) * graphShare))
  return (
    <>
      <Graphs
        points={state.traffic.points}
        rateUnit={state.rateUnit}
        step={zooms[state.zoom] ?? 1}
        width={width}
        height={graphs}
        dim={isStale(state)}
      />
      <Totals state={state} width={width} />
      <BusiestUsers state={state} width={width} height={height - graphs - totalRows} />
    </>
  )
}

interface PartProps {
  readonly state: State
  readonly width: number
}

interface GraphsProps {
  readonly points: readonly Point[]
  readonly rateUnit: RateUnit
  /** Seconds that one dot stands for. */
  readonly step: number
  readonly width: number
  readonly height: number
  readonly dim: boolean
}

/** Both graphs have one scale, so that they can be compared. Drawn again only when there is something new to draw. */
const Graphs = memo(({ points, rateUnit, step, width, height, dim }: GraphsProps): ReactElement => {
  const look = useLook()
  const half = Math.floor(width / 2)
  const newest = points.at(-1)
  const { up, down } = resample(points, newest?.time ?? 0, step * 1000, chartValues(half))
  const scale = scaleFor(Math.max(0, ...[...up, ...down].filter((value) => !Number.isNaN(value))), rateUnit)
  const title = (name: string, rate = 0) => ` ${name} ${formatRate(rate, rateUnit)}  (scale in ${scale.unit})`
  const shared = { scale, step, width: half, height, dim }
  return (
    <Box>
      <Box flexDirection="column" width={half}>
        <Chart {...shared} title={title(`${look.down} Down`, newest?.down)} values={down} style={look.theme.down} />
      </Box>
      <Box flexDirection="column" width={half}>
        <Chart {...shared} title={title(`${look.up} Up`, newest?.up)} values={up} style={look.theme.up} />
      </Box>
    </Box>
  )
})

function Totals({ state, width }: PartProps): ReactElement {
  const { theme } = useLook()
  const dim = isStale(state)
  return (
    <>
      {totals(state.traffic.latest).map((line, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is nothing but its place
        <Line key={at} text={line} width={width} {...(dim ? theme.dim : {})} />
      ))}
    </>
  )
}

function totals(sample: Sample | null): [string, string] {
  if (!sample) return ['', '']
  const { down, up, connections: live, accepted, connected, failed, denied } = sample
  return [
    ` Now  ${connections(live)}   Total  down ${formatBytes(down)}  up ${formatBytes(up)}`,
    ` Clients  accepted ${accepted}  connected ${connected}  failed ${failed}  of those denied ${denied}`,
  ]
}

function BusiestUsers({ state, width, height }: PartProps & { readonly height: number }): ReactElement {
  const look = useLook()
  const format = formatOf(state, look)
  const rows = state.traffic.users.slice(0, height - headerRows)
  const placed = placeColumns(columns, rows, format, width - 1)
  const header = layOut(placed, (column) => column.header, look.ellipsis)
  return (
    <>
      <Line text={` ${header}`} width={width} {...look.theme.columns} />
      {rows.map((user) => (
        <Line
          key={String(user.name)}
          text={` ${layOut(placed, (column) => column.cell(user, format), look.ellipsis)}`}
          width={width}
          {...(isStale(state) ? look.theme.dim : {})}
        />
      ))}
    </>
  )
}

const columns = [
  textColumn<UserTraffic>('name', 'Busiest users', ({ name }) => name ?? '(no login)'),
  numberColumn<UserTraffic>('connections', 'Conns', 6, ({ connections }) => connections, String),
  numberColumn<UserTraffic>(
    'down',
    'Down/s',
    11,
    ({ down }) => down,
    (rate, { rateUnit }) => formatRate(rate, rateUnit),
  ),
  numberColumn<UserTraffic>(
    'up',
    'Up/s',
    11,
    ({ up }) => up,
    (rate, { rateUnit }) => formatRate(rate, rateUnit),
  ),
]
