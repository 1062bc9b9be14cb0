import { Text } from 'ink'
import type { ReactElement } from 'react'
import { chartValues } from '../chart/line-chart.ts'
import { drawPlot } from '../chart/plot.ts'
import { axisLabels, heightOf, type Scale } from '../chart/scale.ts'
import { columnsOf } from '../text/fit.ts'
import type { Style } from '../themes/theme.ts'
import { Line } from './line.tsx'
import { useLook } from './look-context.ts'

interface ChartProps {
  readonly title: string
  /** Bytes a second, the newest last; NaN where nothing is known. `chartValues(width)` of them. */
  readonly values: readonly number[]
  readonly scale: Scale
  /** Seconds that one value stands for. */
  readonly step: number
  readonly width: number
  /** Title and time axis included. */
  readonly height: number
  /** Of the title and the line. */
  readonly style: Style
  /** What is shown is old. */
  readonly dim: boolean
}

/** A graph over time, with what it shows above and the time below. */
export function Chart({ title, values, scale, step, width, height, style, dim }: ChartProps): ReactElement {
  const look = useLook()
  const heights = values.map((value) => heightOf(scale, value))
  const rows = drawPlot({ width, height: height - 2, heights }, axisLabels(scale), look.drawing)
  const [ink, paper] = dim ? [look.theme.dim, look.theme.dim] : [style, look.theme.axis]
  return (
    <>
      <Line text={title} width={width} {...ink} bold />
      {rows.map(({ axis, plot }, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is nothing but its place
        <Text key={at} wrap="truncate" {...ink}>
          <Text {...paper}>{axis}</Text>
          {plot}
        </Text>
      ))}
      <Line text={timeAxis(width, chartValues(width) * step)} width={width} {...look.theme.axis} />
    </>
  )
}

/** `-90 s` below the oldest value, `now` below the newest. */
function timeAxis(width: number, seconds: number): string {
  const left = `     -${lengthText(Math.round(seconds))}`
  return left + 'now'.padStart(width - columnsOf(left))
}

function lengthText(seconds: number): string {
  if (seconds > 86_400 && seconds % 86_400 === 0) return `${seconds / 86_400} d`
  if (seconds % 3600 === 0) return `${seconds / 3600} h`
  return seconds % 60 === 0 || seconds >= 300 ? `${Math.round(seconds / 60)} min` : `${seconds} s`
}
