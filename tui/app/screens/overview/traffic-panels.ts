import { endReasonWords } from '../../../../shared/end-reasons.ts'
import { whoIn } from '../../../../shared/filter/access-fields.ts'
import { formatRate } from '../../../../shared/format/bytes.ts'
import { formatClock } from '../../../../shared/format/time.ts'
import { asciiRamp, blockRamp, drawBars, sparkline } from '../../chart/bars.ts'
import { resample, summarize } from '../../chart/resample.ts'
import { heightOf, scaleFor } from '../../chart/scale.ts'
import { lineOf, type StyledLine } from '../../components/line.tsx'
import { busiestDestinations, type Destination } from '../../state/connections.ts'
import { toneOf } from '../../state/endings.ts'
import { isSameSubject, rangeLengths } from '../../state/graph.ts'
import { lackOfRights } from '../../state/rights.ts'
import { isStale, type State } from '../../state/state.ts'
import { type UserTraffic, userPoints } from '../../state/traffic.ts'
import { fitText } from '../../text/fit.ts'
import { nameOf, type Panel, type PanelRoom } from './panel.ts'

/** Columns of a name, of the numbers behind it, and of a sparkline worth it. */
const nameColumns = { least: 14, most: 30 }
const connectionColumns = 6
const rateColumns = 12
const sparkColumns = { least: 10, most: 60 }

/** The busiest users, the selected one marked, with a sparkline of their last minute. */
export const busiestPanel: Panel = (room) => {
  const { state, look, height } = room
  const widths = share(room.width)
  const row = (mark: string, name: string, numbers: readonly string[]) => {
    const [connections = '', ...rates] = numbers
    const cells = connections.padStart(connectionColumns) + rates.map((rate) => rate.padStart(rateColumns)).join('')
    return `${mark}${fitText(name, widths.name, look.ellipsis)}${cells}`
  }
  const title = widths.name < nameColumns.least ? 'Busiest' : 'Busiest users'
  const heading = `${row(' ', title, ['Conns', 'Down/s', 'Up/s'])}${widths.spark > 0 ? ' Last minute' : ''}`
  const userRow = (user: UserTraffic): StyledLine => {
    const selected = isSameSubject(state.overview.selected, { user: user.name })
    const rates = [user.down, user.up].map((rate) => formatRate(rate, state.rateUnit))
    const numbers = row(selected ? '>' : ' ', look.text(nameOf(user)), [String(user.connections), ...rates])
    const spark = widths.spark > 0 ? ` ${lastMinute(room, user, widths.spark)}` : ''
    const style = selected ? look.theme.selected : isStale(state) ? look.theme.dim : undefined
    // The graph is what is to be seen first.
    return lineOf([{ text: numbers }, { text: spark, style: style ? {} : look.theme.zero }], style)
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

/** Columns that a small graph takes at least, and rows below its name. */
const leastColumns = 36
const leastRows = 4

/** A small graph of each of the busiest users' last minute, both ways together, all on one scale. */
export const userGraphsPanel: Panel = (room) => {
  const { state, look, width, height } = room
  const heading = { text: ' Last minute of each, both ways', style: look.theme.columns }
  const { across, down } = shareRoom(state.traffic.users.length, width, height - 1)
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
function shareRoom(users: number, width: number, height: number): { readonly across: number; readonly down: number } {
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
  const most = summarize(series.flat())?.peak ?? 0
  const scale = scaleFor(most, rows, state.rateUnit, state.overview.logarithmic)
  return users.map((user, at) => {
    const heights = (series[at] ?? []).map((rate) => heightOf(scale, rate))
    const bars = drawBars(heights, rows, look.unicode ? blockRamp : asciiRamp)
    const rate = formatRate(user.up + user.down, state.rateUnit)
    const title = fitText(look.text(nameOf(user)), values - rate.length - 1, look.ellipsis)
    return [` ${title} ${rate} `, ...bars.map((bar) => ` ${bar} `)]
  })
}

const numberColumns = 12

/** Where most is moved to and from now. */
export const destinationsPanel: Panel = ({ state, look, width, height }) => {
  // How many connections there are tells less than where they lead.
  const left = 3 * numberColumns + nameColumns.least > width - 2 ? 1 : 0
  const name = width - 2 - (3 - left) * numberColumns
  const row = (what: string, ...numbers: string[]) =>
    ` ${fitText(what, name, look.ellipsis)}${numbers
      .slice(left)
      .map((number) => number.padStart(numberColumns))
      .join('')}`
  const title = 'Busiest destinations'
  const heading = {
    text: row(title.length > name ? 'Destinations' : title, 'Conns', 'Down/s', 'Up/s'),
    style: look.theme.columns,
  }
  const lack = lackOfRights(state, 'operator')
  if (lack !== null) return [heading, { text: ` They are ${lack}.`, style: look.theme.dim }]
  const style = isStale(state) ? look.theme.dim : undefined
  return [
    heading,
    ...destinations(state, height - 1).map(({ destination, connections, down, up }) => ({
      text: row(
        look.text(destination),
        String(connections),
        ...[down, up].map((rate) => formatRate(rate, state.rateUnit)),
      ),
      style,
    })),
  ]
}

function destinations({ connections: { now, before } }: State, most: number): readonly Destination[] {
  return busiestDestinations(now, before).slice(0, most)
}

/** Terminal columns of when and why. */
const timeColumns = 9
const reasonColumns = 15

/** The connections that ended last, newest first: when, why, whose and where to. */
export const endedPanel: Panel = ({ state, look, width, height }) => {
  const userColumns = Math.floor((width - 2 - timeColumns - reasonColumns) * 0.4)
  const cells = (time: string, reason: string, user: string, destination: string) => [
    ` ${fitText(time, timeColumns, look.ellipsis)}`,
    fitText(reason, reasonColumns, look.ellipsis),
    `${fitText(user, userColumns, look.ellipsis)} ${destination}`,
  ]
  const heading = { text: cells('Ended', 'Reason', 'User', 'Destination').join(''), style: look.theme.columns }
  const lack = lackOfRights(state, 'operator')
  if (lack !== null) return [heading, { text: ` They are ${lack}.`, style: look.theme.dim }]
  const old = isStale(state) ? look.theme.dim : undefined
  const lines = (state.closed ?? []).slice(0, height - 1).map(({ ended, reason, user, tried, destination }) => {
    const tone = toneOf(reason)
    const who = look.text(tried === undefined ? nameOf({ name: user }) : whoIn({ user, tried }))
    const [time = '', why = '', rest = ''] = cells(
      formatClock(ended),
      endReasonWords(reason),
      who,
      look.text(destination ?? '-'),
    )
    return lineOf(
      [
        { text: time, style: old ?? look.theme.label },
        { text: why, style: old ?? (tone ? look.theme[tone] : undefined) },
        { text: rest, style: old },
      ],
      old,
    )
  })
  return [heading, ...lines]
}
