import { Text } from 'ink'
import type { ReactElement } from 'react'
import { brailleToAscii, runsOf } from '../chart/ansi.ts'
import { chartValues, drawLineChart } from '../chart/line-chart.ts'
import type { Scale } from '../chart/scale.ts'
import { columnsOf } from '../text.ts'
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
  const rows = drawLineChart({
    width,
    height: height - 2,
    values: values.map((value) => value / scale.bytesPerUnit),
    top: scale.top,
    steps: scale.steps,
  })
  const [ink, paper] = dim ? [look.theme.dim, look.theme.dim] : [style, look.theme.axis]
  const shown = look.unicode ? rows : rows.map(brailleToAscii)
  return (
    <>
      <Line text={title} width={width} {...ink} bold />
      {shown.map((row, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is nothing but its place
        <Text key={at} wrap="truncate" {...paper}>
          {runsOf(row).map((run, place) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: as above
            <Text key={place} {...(run.drawn ? ink : {})}>
              {run.text}
            </Text>
          ))}
        </Text>
      ))}
      <Line text={timeAxis(width, chartValues(width) * step)} width={width} {...look.theme.axis} />
    </>
  )
}

/** `-90 s` below the oldest value, `now` below the newest. */
function timeAxis(width: number, seconds: number): string {
  const left = `     -${seconds < 300 ? `${seconds} s` : `${Math.round(seconds / 60)} min`}`
  return left + 'now'.padStart(width - columnsOf(left))
}
