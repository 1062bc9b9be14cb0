import { Box } from 'ink'
import { memo, type ReactElement } from 'react'
import { formatRate } from '../../../shared/format/bytes.ts'
import { chartValues } from '../chart/line-chart.ts'
import type { Point, UpDown } from '../chart/resample.ts'
import { resample } from '../chart/resample.ts'
import { type RateUnit, sharedScale } from '../chart/scale.ts'
import { columnsOf } from '../text/fit.ts'
import { Chart } from './chart.tsx'
import { useLook } from './look-context.ts'

interface ThroughputProps {
  readonly points: readonly Point[]
  /** Milliseconds that the graphs go back from the newest point. */
  readonly length: number
  /** To tell above the graphs. */
  readonly rate: UpDown
  /** Whose it is, safe to show; empty if that is plain. */
  readonly whose: string
  readonly rateUnit: RateUnit
  readonly logarithmic: boolean
  /** Bytes a second at the top; null: what the greatest rate demands. */
  readonly ceiling: number | null
  readonly width: number
  /** Title and time axis included. */
  readonly height: number
  /** What is shown is old. */
  readonly dim: boolean
}

/** Throughput down and up side by side, on one scale. Drawn again only when there is something new to draw. */
export const Throughput = memo((props: ThroughputProps): ReactElement => {
  const { points, length, rate, whose, rateUnit, width, height, dim } = props
  const look = useLook()
  const half = Math.floor(width / 2)
  const values = chartValues(half)
  const step = length / values
  const series = resample(points, points.at(-1)?.time ?? 0, step, values)
  const scale = sharedScale([...series.up, ...series.down], props)
  const marks = `${scale.unit}${scale.logarithmic ? ', log' : ''}${props.ceiling === null ? '' : ', fixed'}`
  const title = (name: string, rate: number) => {
    const what = ` ${name} ${formatRate(rate, rateUnit)}${whose && ` of ${whose}`}`
    const whole = `${what}  (scale in ${marks})`
    return columnsOf(whole) <= half ? whole : `${what} (${marks})`
  }
  const shared = { scale, step: step / 1000, width: half, height, dim }
  return (
    <Box>
      <Box flexDirection="column" width={half}>
        <Chart {...shared} title={title(`${look.down} Down`, rate.down)} values={series.down} style={look.theme.down} />
      </Box>
      <Box flexDirection="column" width={half}>
        <Chart {...shared} title={title(`${look.up} Up`, rate.up)} values={series.up} style={look.theme.up} />
      </Box>
    </Box>
  )
})
