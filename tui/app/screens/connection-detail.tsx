import type { ReactElement } from 'react'
import { formatBytes, formatRate } from '../../../shared/format/bytes.ts'
import { formatDuration, formatTime } from '../../../shared/format/time.ts'
import { Line } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import { Throughput } from '../components/throughput.tsx'
import { pageRows } from '../layout.ts'
import { wordFor } from '../store/endings.ts'
import type { Followed } from '../store/followed.ts'
import { daemonTime, isStale, type State } from '../store/state.ts'
import { timelineLines } from './timeline.ts'

/** Milliseconds that the graphs show at least. */
const shortest = 60_000
/** Rows of a graph that can be read; what is left over beyond it goes to the timeline first. */
const smallestGraph = 7

/** All about one connection, in the place of the page; its end is told, too. */
export function ConnectionDetail({ state }: { readonly state: State }): ReactElement {
  const look = useLook()
  const { columns: width } = state.size
  const { followed } = state
  if (!followed) return <Line text=" Nothing is known of this connection any longer." width={width} />
  const now = daemonTime(state)
  const height = pageRows(state)
  const lines = facts(followed, now, state.rateUnit)
  const timeline = timelineLines(followed, now, width - 1, height - lines.length - 1 - smallestGraph)
  const { points } = followed
  return (
    <>
      <Line text={` ${heading(followed, now)}`} width={width} {...look.theme.heading} />
      {[...lines, ...timeline].map((line) => (
        <Line key={line} text={` ${look.text(line)}`} width={width} />
      ))}
      <Throughput
        points={points}
        length={Math.max(shortest, (points.at(-1)?.time ?? 0) - (points[0]?.time ?? 0))}
        rate={rateOf(followed)}
        whose=""
        rateUnit={state.rateUnit}
        logarithmic={false}
        ceiling={null}
        width={width}
        height={height - lines.length - 1 - timeline.length}
        dim={isStale(state) || followed.end !== null}
      />
    </>
  )
}

const idle = { up: 0, down: 0 }

function rateOf({ points, end }: Followed) {
  return (!end && points.at(-1)) || idle
}

function heading({ connection, end, forgotten }: Followed, now: number): string {
  const { id, state, opened } = connection
  if (end) {
    const lasted = formatDuration(end.time - opened)
    return `Connection ${id}   ended ${formatDuration(now - end.time)} ago after ${lasted}: ${wordFor(end.reason)}`
  }
  if (forgotten) return `Connection ${id}   ended; the daemon does not remember how`
  return `Connection ${id}   ${state}, for ${formatDuration(now - opened)}`
}

function facts(followed: Followed, now: number, rateUnit: State['rateUnit']): string[] {
  const { user, command, client, destination, address, opened, down, up } = followed.connection
  const rate = rateOf(followed)
  const purpose = command === null || command === 'connect' ? '' : ` (${command})`
  const moved = (total: number, perSecond: number) => `${formatBytes(total)}, ${formatRate(perSecond, rateUnit)}`
  return [
    `User         ${user ?? '(no login)'}`,
    `Client       ${client}`,
    `Destination  ${destination ?? '-'}${address === null || address === destination ? '' : ` at ${address}`}${purpose}`,
    `Opened       ${formatTime(opened)}, ${formatDuration(now - opened)} ago`,
    `Moved        down ${moved(down, rate.down)}   up ${moved(up, rate.up)}`,
    `Limits       ${limitsText(followed)}`,
  ]
}

/** The settings that would end it where it stands; 0 of them is none. */
function limitsText({ limits, end }: Followed): string {
  if (end) return 'none any longer'
  const texts = limits.map(({ setting, value }) => {
    const amount = setting.startsWith('timeout') ? formatDuration(value) : String(value)
    return `${setting} ${value === 0 ? 'none' : amount}`
  })
  return texts.join('   ') || '-'
}
