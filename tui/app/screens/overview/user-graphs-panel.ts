import { formatRate } from '../../../../shared/format/bytes.ts'
import { asciiRamp, blockRamp, drawBars } from '../../chart/bars.ts'
import { resample } from '../../chart/resample.ts'
import { heightOf, sharedScale } from '../../chart/scale.ts'
import { rangeLengths } from '../../store/graph.ts'
import { isStale } from '../../store/state.ts'
import { type UserTraffic, userPoints } from '../../store/traffic.ts'
import { fitText } from '../../text.ts'
import { nameOf } from './name-of.ts'
import type { Panel, PanelRoom } from './panel.ts'

/** Columns that a small graph takes at least, and its rows, with the name above it. */
const leastColumns = 36
const graphRows = 4

/** A small graph of each of the busiest users' last minute, both ways together, all on one scale. */
export const userGraphsPanel: Panel = (room) => {
  const { state, look, width, height } = room
  const across = Math.max(1, Math.floor(width / leastColumns))
  const each = Math.floor(width / across)
  const down = Math.floor((height - 1) / (graphRows + 1))
  const users = state.traffic.users.slice(0, across * down)
  const graphs = drawGraphs(room, users, each)
  const heading = { text: ' The last minute of each, down and up together', style: look.theme.columns }
  const rows = Array.from({ length: Math.ceil(users.length / across) }, (_, row) =>
    graphs.slice(row * across, (row + 1) * across),
  )
  const style = isStale(state) ? look.theme.dim : undefined
  return [
    heading,
    ...rows.flatMap((side) =>
      Array.from({ length: graphRows + 1 }, (_, line) => ({
        text: side.map((graph) => graph[line] ?? '').join(''),
        style: style ?? (line === 0 ? undefined : look.theme.down),
      })),
    ),
  ]
}

/** Each as rows of `columns` columns, the last one empty. */
function drawGraphs({ state, look }: PanelRoom, users: readonly UserTraffic[], columns: number): string[][] {
  const { recent, latest } = state.traffic
  const values = columns - 2
  const series = users.map(({ name }) => {
    const { up, down } = resample(userPoints(recent, name), latest?.time ?? 0, rangeLengths['1m'] / values, values)
    return up.map((rate, at) => rate + (down[at] ?? 0))
  })
  const scale = sharedScale(series.flat(), { rateUnit: state.rateUnit, ...state.overview, ceiling: null })
  return users.map((user, at) => {
    const heights = (series[at] ?? []).map((rate) => heightOf(scale, rate))
    const bars = drawBars(heights, graphRows, look.unicode ? blockRamp : asciiRamp)
    const rate = formatRate(user.up + user.down, state.rateUnit)
    const title = fitText(look.text(nameOf(user)), values - rate.length - 1, look.ellipsis)
    return [` ${title} ${rate} `, ...bars.map((bar) => ` ${bar} `)]
  })
}
