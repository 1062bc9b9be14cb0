import { Box } from 'ink'
import { memo, type ReactElement } from 'react'
import { formatBytes, formatRate } from '../../../shared/format/bytes.ts'
import { formatTime } from '../../../shared/format/time.ts'
import type { Range, Result } from '../../../shared/protocol/methods.ts'
import { chartValues } from '../chart/line-chart.ts'
import { resample } from '../chart/resample.ts'
import { scaleFor } from '../chart/scale.ts'
import { Chart } from '../components/chart.tsx'
import { Line } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import { pageRows } from '../layout.ts'
import { connections } from '../link/perform.ts'
import { isStale, type State } from '../store/state.ts'
import { pointsOf } from '../store/user-history.ts'
import type { UserRow } from '../tables/users-table.ts'
import { UserConnections } from './user-connections.tsx'

/** Rows of facts, and what the graphs get of the rest; not less than a readable graph needs. */
const factRows = 3
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
  const height = pageRows(state) - factRows
  const graphs = Math.max(smallestGraph, Math.floor(height * graphShare))
  const history = state.userHistory?.name === name ? state.userHistory.history : null
  return (
    <>
      {facts(row, state.rateUnit).map((fact, at) => (
        <Line key={fact} text={` ${look.text(fact)}`} width={width} {...(at === 0 ? look.theme.heading : {})} />
      ))}
      <Graphs
        history={history}
        range={range}
        rateUnit={state.rateUnit}
        width={width}
        height={graphs}
        dim={isStale(state)}
      />
      <UserConnections state={state} name={name} height={height - graphs} />
    </>
  )
}

function facts({ user, rate }: UserRow, rateUnit: State['rateUnit']): string[] {
  const lasts = user.stored ? 'stored' : 'by flag, for this run'
  const perSecond = (bytes: number) => formatRate(bytes, rateUnit)
  return [
    `User ${user.name}   ${user.enabled ? 'enabled' : 'disabled'}   ${lasts}   created ${formatTime(user.created)}`,
    `Now    ${connections(user.connections)}   down ${perSecond(rate.down)}   up ${perSecond(rate.up)}`,
    `Total  down ${formatBytes(user.down)}   up ${formatBytes(user.up)}   since the daemon's start`,
  ]
}

interface GraphsProps {
  readonly history: Result<'metrics.history'> | null
  readonly range: Range
  readonly rateUnit: State['rateUnit']
  readonly width: number
  readonly height: number
  readonly dim: boolean
}

/** The range in milliseconds. */
const lengths: Readonly<Record<Range, number>> = { '1m': 60_000, '15m': 900_000, '1h': 3_600_000, '24h': 86_400_000 }

/** Both graphs have one scale. Drawn again only when there is something new to draw. */
const Graphs = memo(({ history, range, rateUnit, width, height, dim }: GraphsProps): ReactElement => {
  const { down: arrowDown, up: arrowUp, theme } = useLook()
  const half = Math.floor(width / 2)
  const dots = chartValues(half)
  const step = lengths[range] / dots
  const { up, down } = resample(history ? pointsOf(history) : [], history?.end ?? 0, step, dots)
  const scale = scaleFor(Math.max(0, ...[...up, ...down].filter((value) => !Number.isNaN(value))), rateUnit)
  const shared = { scale, step: step / 1000, width: half, height, dim }
  return (
    <Box>
      <Box flexDirection="column" width={half}>
        <Chart {...shared} title={` ${arrowDown} Down in ${scale.unit}, ${range}`} values={down} style={theme.down} />
      </Box>
      <Box flexDirection="column" width={half}>
        <Chart {...shared} title={` ${arrowUp} Up in ${scale.unit}, ${range}`} values={up} style={theme.up} />
      </Box>
    </Box>
  )
})
