import { formatRate } from '../../../../shared/format/bytes.ts'
import { sparkline } from '../../chart/bars.ts'
import { resample } from '../../chart/resample.ts'
import type { StyledLine } from '../../components/lines.tsx'
import { isSameSubject, rangeLengths } from '../../store/graph.ts'
import { isStale } from '../../store/state.ts'
import { type UserTraffic, userPoints } from '../../store/traffic.ts'
import { fitText } from '../../text.ts'
import { nameOf } from './name-of.ts'
import type { Panel, PanelRoom } from './panel.ts'

/** Columns of a name, of the numbers behind it, and of a sparkline worth it. */
const nameColumns = { least: 14, most: 30 }
const connectionColumns = 6
const rateColumns = 12
const sparkColumns = { least: 10, most: 60 }

/** The busiest users, the selected one marked, with a sparkline of their last minute. */
export const busiestPanel: Panel = (room) => {
  const { state, look, height } = room
  const widths = share(room.width)
  const row = (mark: string, name: string, spark: string, numbers: readonly string[]) => {
    const [connections = '', ...rates] = numbers
    const cells = connections.padStart(connectionColumns) + rates.map((rate) => rate.padStart(rateColumns)).join('')
    const shown = widths.spark > 0 ? ` ${fitText(spark, widths.spark, look.ellipsis)}` : ''
    return `${mark}${fitText(name, widths.name, look.ellipsis)}${cells}${shown}`
  }
  const title = widths.name < nameColumns.least ? 'Busiest' : 'Busiest users'
  const heading = row(' ', title, 'Last minute', ['Conns', 'Down/s', 'Up/s'])
  const userRow = (user: UserTraffic): StyledLine => {
    const selected = isSameSubject(state.overview.selected, { user: user.name })
    const rates = [user.down, user.up].map((rate) => formatRate(rate, state.rateUnit))
    const spark = widths.spark > 0 ? lastMinute(room, user, widths.spark) : ''
    return {
      text: row(selected ? '>' : ' ', look.text(nameOf(user)), spark, [String(user.connections), ...rates]),
      style: selected ? look.theme.selected : isStale(state) ? look.theme.dim : undefined,
    }
  }
  return [{ text: heading, style: look.theme.columns }, ...state.traffic.users.slice(0, height - 1).map(userRow)]
}

/** How many columns the name and the sparkline get; no sparkline at all rather than one that tells nothing. */
function share(width: number): { readonly name: number; readonly spark: number } {
  const rest = width - 2 - connectionColumns - 2 * rateColumns
  const name = Math.min(nameColumns.most, Math.max(nameColumns.least, Math.floor(rest * 0.4)))
  const spark = Math.min(sparkColumns.most, rest - name - 1)
  return spark < sparkColumns.least ? { name: Math.max(1, rest), spark: 0 } : { name, spark }
}

function lastMinute({ state, look }: PanelRoom, { name }: UserTraffic, columns: number): string {
  const { recent, latest } = state.traffic
  const { up, down } = resample(userPoints(recent, name), latest?.time ?? 0, rangeLengths['1m'] / columns, columns)
  return sparkline(
    up.map((rate, at) => rate + (down[at] ?? 0)),
    look.unicode,
  )
}
