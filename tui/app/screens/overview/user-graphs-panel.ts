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

/** Columns that a small graph takes at least, and rows below its name. */
const leastColumns = 36
const leastRows = 4

/** A small graph of each of the busiest users' last minute, both ways together, all on one scale. */
export const userGraphsPanel: Panel = (room) => {
  const { state, look, width, height } = room
  const heading = { text: ' Last minute of each, both ways', style: look.theme.columns }
  const { across, down } = share(state.traffic.users.length, width, height - 1)
  if (across * down === 0) return [heading]
  const rows = Math.floor((height - 1) / down)
  const users = state.traffic.users.slice(0, across * down)
  const graphs = drawGraphs(room, users, Math.floor(width / across), rows - 1)
  const style = isStale(state) ? look.theme.dim : undefined
  const lines = Array.from({ length: down * rows }, (_, line) => {
    const at = Math.floor(line / rows) * across
    const text = graphs.slice(at, at + across).map((graph) => graph[line % rows] ?? '')
    return { text: text.join(''), style: style ?? (line % rows === 0 ? undefined : look.theme.down) }
  })
  return [heading, ...lines]
}

/** How many graphs are side by side and one below the other: as many as users, else as fit. */
function share(users: number, width: number, height: number): { readonly across: number; readonly down: number } {
  const across = Math.min(users, Math.max(1, Math.floor(width / leastColumns)))
  const down = Math.min(Math.ceil(users / Math.max(1, across)), Math.floor(height / (leastRows + 1)))
  return { across, down }
}

/** Each as a title and `rows` rows of bars, all of `columns` columns. */
function drawGraphs(
  { state, look }: PanelRoom,
  users: readonly UserTraffic[],
  columns: number,
  rows: number,
): string[][] {
  const { recent, latest } = state.traffic
  const values = columns - 2
  const series = users.map(({ name }) => {
    const { up, down } = resample(userPoints(recent, name), latest?.time ?? 0, rangeLengths['1m'] / values, values)
    return up.map((rate, at) => rate + (down[at] ?? 0))
  })
  const scale = sharedScale(series.flat(), { rateUnit: state.rateUnit, ...state.overview, ceiling: null })
  return users.map((user, at) => {
    const heights = (series[at] ?? []).map((rate) => heightOf(scale, rate))
    const bars = drawBars(heights, rows, look.unicode ? blockRamp : asciiRamp)
    const rate = formatRate(user.up + user.down, state.rateUnit)
    const title = fitText(look.text(nameOf(user)), values - rate.length - 1, look.ellipsis)
    return [` ${title} ${rate} `, ...bars.map((bar) => ` ${bar} `)]
  })
}
