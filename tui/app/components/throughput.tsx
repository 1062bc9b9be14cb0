import { memo, type ReactElement } from 'react'
import { formatRate } from '../../../shared/format/bytes.ts'
import { chartValues } from '../chart/plot.ts'
import { type Point, resample, type Summary, slotOf, summarize, type UpDown } from '../chart/resample.ts'
import { type Scale, type ScaleWish, scalesFor } from '../chart/scale.ts'
import { columnsOf } from '../text/fit.ts'
import { Chart, TimeAxis } from './chart.tsx'
import { Line, lineOf } from './line.tsx'
import { useLook } from './look-context.ts'
import type { Part } from './row.tsx'

interface ThroughputProps extends ScaleWish {
  readonly points: readonly Point[]
  /** Milliseconds that the graph goes back from the newest point. */
  readonly length: number
  /** Until when the points are an average of whose course nothing is known; nothing: none of them is. */
  readonly averagedUntil?: number
  /** Whether the newest point is of an end, and not of now. */
  readonly hasEnded?: boolean
  /** Whether the past is still asked for. */
  readonly isLoading?: boolean
  /** To tell beside the graph. */
  readonly rate: UpDown
  /** Whose it is, safe to show; empty if that is plain. */
  readonly whose: string
  readonly width: number
  /** All of it: two titles, and the axis between both sides. */
  readonly height: number
  /** What is shown is old. */
  readonly dim: boolean
}

const ways = ['down', 'up'] as const

/**
 * Throughput down above an axis, and up below it, each beside a title that tells of peak and mean. Drawn again only when there
 * is something new to draw.
 */
export const Throughput = memo((props: ThroughputProps): ReactElement => {
  const { points, length, rate, whose, rateUnit, width, height, dim } = props
  const values = chartValues(width)
  const [end, step] = [points.at(-1)?.time ?? 0, length / values]
  const series = resample(points, end, step, values)
  const averaged = props.averagedUntil === undefined ? 0 : slotOf(props.averagedUntil, end, step, values)
  const told = { down: summarize(series.down), up: summarize(series.up) }
  const rows = shareRows(height, props.shared)
  const scales = scalesFor({ down: told.down?.peak ?? 0, up: told.up?.peak ?? 0 }, rows, props)
  const [down, up] = ways.map((way) => {
    const side = { way, summary: told[way], scale: scales[way], rateUnit, dim }
    const isLoading = props.isLoading ?? false
    return {
      title: (
        <Title
          {...side}
          rate={rate[way]}
          whose={whose}
          isFixed={props.ceiling !== null}
          isLoading={isLoading}
          width={width}
        />
      ),
      chart: rows.up > 0 && <Chart {...side} values={series[way]} averaged={averaged} rows={rows[way]} />,
    }
  })
  return (
    <>
      {down?.title}
      {down?.chart}
      {rows.up > 0 && <TimeAxis values={series.down} length={length} newest={props.hasEnded ? 'end' : 'now'} />}
      {up?.chart}
      {up?.title}
    </>
  )
})

/** Rows of the titles, and of the axis. */
const titleRows = 2
const axisRows = 1

/** The rows of both sides, none if there is no room for both; a row that is left over is worth having only on scales of one's own. */
function shareRows(height: number, shared: boolean): UpDown {
  const rows = Math.max(0, height - titleRows - axisRows)
  const up = Math.floor(rows / 2)
  return { up, down: shared ? up : rows - up }
}

interface TitleProps {
  readonly way: 'down' | 'up'
  readonly summary: Summary | null
  readonly scale: Scale
  readonly rateUnit: ScaleWish['rateUnit']
  /** Bytes a second now. */
  readonly rate: number
  readonly whose: string
  readonly isFixed: boolean
  readonly isLoading: boolean
  readonly width: number
  readonly dim: boolean
}

/** What moves now, how the graph is scaled, and its peak and average, as far as there is room. */
function Title({
  way,
  summary,
  scale,
  rateUnit,
  rate,
  whose,
  isFixed,
  isLoading,
  width,
  dim,
}: TitleProps): ReactElement {
  const look = useLook()
  const { theme } = look
  const perSecond = (bytes: number) => formatRate(bytes, rateUnit)
  const label = (text: string): Part => ({ text, style: theme.label })
  const name = way === 'down' ? `${look.down} Down` : `${look.up} Up`
  const now = { text: ` ${name} ${perSecond(rate)}${whose && ` of ${whose}`}`, style: { ...theme[way], bold: true } }
  const marks = `${scale.unit}${scale.logarithmic ? ', log' : ''}${isFixed ? ', fixed' : ''}`
  const [whole, short] = [label(`  (scale in ${marks})`), label(`  (${marks})`)]
  const above = summary && summary.peak > scale.ceiling ? [{ text: ', above the scale', style: theme.warning }] : []
  const peak = summary ? [label('   peak '), { text: perSecond(summary.peak) }, ...above] : []
  const mean = summary ? [label('   average '), { text: perSecond(summary.mean) }] : []
  const loading = isLoading ? [label('   the past is loading')] : []
  const choices = [
    [now, whole, ...peak, ...mean, ...loading],
    [now, short, ...peak, ...mean],
    [now, short, ...peak],
    [now, short],
  ]
  const parts = choices.find((parts) => columnsOf(parts.map(({ text }) => text).join('')) <= width) ?? [now]
  return <Line {...lineOf(dim ? parts.map(({ text }) => ({ text, style: theme.dim })) : parts)} width={width} />
}
