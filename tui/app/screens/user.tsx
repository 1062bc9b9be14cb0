import type { ReactElement } from 'react'
import { formatBytes, formatRate } from '../../../shared/format/bytes.ts'
import { counted } from '../../../shared/format/count.ts'
import { formatTime } from '../../../shared/format/time.ts'
import type { Range } from '../../../shared/protocol/methods.ts'
import { Line } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import { Throughput } from '../components/throughput.tsx'
import { pageRows } from '../layout.ts'
import { graphPoints, rangeLengths } from '../store/graph.ts'
import { isStale, type State } from '../store/state.ts'
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
  return (
    <>
      {facts(row, state.rateUnit).map((fact, at) => (
        <Line key={fact} text={` ${look.text(fact)}`} width={width} {...(at === 0 ? look.theme.heading : {})} />
      ))}
      <Throughput
        points={graphPoints(state.graphs, { range, whose: { user: name } })}
        length={rangeLengths[range]}
        rate={row.rate}
        whose=""
        rateUnit={state.rateUnit}
        logarithmic={state.overview.logarithmic}
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
  const lasts = user.stored ? 'stored' : 'by flag'
  const perSecond = (bytes: number) => formatRate(bytes, rateUnit)
  return [
    `User ${user.name}   ${user.enabled ? 'enabled' : 'disabled'}   ${lasts}   created ${formatTime(user.created)}`,
    `Now    ${counted(user.connections, 'connection')}   down ${perSecond(rate.down)}   up ${perSecond(rate.up)}`,
    `Total  down ${formatBytes(user.down)}   up ${formatBytes(user.up)}   since the daemon's start`,
  ]
}
