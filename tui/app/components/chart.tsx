import type { ReactElement } from 'react'
import { formatRate } from '../../../shared/format/bytes.ts'
import { drawPlot, labelColumns, type Run } from '../chart/plot.ts'
import type { Summary } from '../chart/resample.ts'
import { heightOf, type RateUnit, type Scale } from '../chart/scale.ts'
import { timeLabels } from '../chart/time-axis.ts'
import { colourAt } from '../themes/gradients.ts'
import type { Look } from '../themes/look.ts'
import type { Style } from '../themes/theme.ts'
import { useLook } from './look-context.ts'
import { type Part, Row } from './row.tsx'

interface ChartProps {
  /** What comes from the clients hangs below the axis. */
  readonly way: 'down' | 'up'
  /** Bytes a second, the newest last; NaN where nothing is known. `chartValues(width)` of them. */
  readonly values: readonly number[]
  /** How many of them, the oldest, stand for an average, of whose course nothing is known. */
  readonly averaged: number
  /** Of the values; null if none is known. */
  readonly summary: Summary | null
  readonly scale: Scale
  readonly rateUnit: RateUnit
  readonly rows: number
  /** What is shown is old. */
  readonly dim: boolean
}

/** One side of a graph, coloured by height, with the labels of its axis. */
export function Chart({ way, values, averaged, summary, scale, rateUnit, rows, dim }: ChartProps): ReactElement {
  const look = useLook()
  const isHanging = way === 'up'
  const heights = values.map((value) => heightOf(scale, value))
  const marks = summary && summary.peak > 0 ? summary : null
  const mean = marks && lineAt(heightOf(scale, marks.mean), rows)
  const peak = marks && { at: marks.at, text: formatRate(marks.peak, rateUnit) }
  const drawn = drawPlot({ heights, averaged, mean, peak, isHanging }, rows, look.drawing)
  return (
    <>
      {drawn.map((runs, at) => {
        const row = isHanging ? at : rows - 1 - at
        const label = scale.labels.find((label) => label.row === row + 1)?.text ?? ''
        const axis = { text: label.padStart(labelColumns) + axisMark(look, label !== ''), style: look.theme.axis }
        const area = partsOf(runs, look, colourAt(look.gradients[way], (row + 0.5) / rows), dim)
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is nothing but its place
        return <Row key={at} parts={[axis, ...area]} />
      })}
    </>
  )
}

/** The height of a line; null where it would be above the top, or taken for the axis. */
function lineAt(height: number, rows: number): number | null {
  return height <= 1 && height * rows >= 1 ? height : null
}

function axisMark({ drawing }: Look, hasLabel: boolean): string {
  if (drawing === 'ascii') return hasLabel ? '+' : '|'
  return hasLabel ? '┤' : '│'
}

/** `colour`: of the area in this row. */
function partsOf(runs: readonly Run[], { theme }: Look, colour: string | undefined, dim: boolean): Part[] {
  const area: Style = colour === undefined ? {} : { color: colour }
  const styles = { area, averaged: theme.zero, above: theme.warning, mean: theme.axis, peak: theme.heading }
  return runs.map(({ tone, text }) => ({ text, style: dim ? theme.dim : styles[tone] }))
}

interface TimeAxisProps {
  /** By which it is told where nothing is known. */
  readonly values: readonly number[]
  /** Milliseconds that it goes back, and what the newest value is of: now, or an end. */
  readonly length: number
  readonly newest: string
}

/** The line that both sides stand on, with the time along it; it is broken where nothing is known. */
export function TimeAxis({ values, length, newest }: TimeAxisProps): ReactElement {
  const look = useLook()
  const { zero, known, unknown } = look.drawing === 'ascii' ? asciiAxis : unicodeAxis
  const columns = values.length / 2
  const line = Array.from({ length: columns }, (_, at) => {
    return values.slice(2 * at, 2 * at + 2).every(Number.isNaN) ? unknown : known
  })
  for (const { from, text } of timeLabels(length, columns, newest)) {
    const label = ` ${text} `
    const first = Math.max(0, Math.min(from - 1, columns - label.length))
    line.splice(first, label.length, ...label)
  }
  return <Row parts={[{ text: '0'.padStart(labelColumns) + zero + line.join('') }]} style={look.theme.axis} />
}

const unicodeAxis = { zero: '┼', known: '─', unknown: '┈' }
const asciiAxis = { zero: '+', known: '-', unknown: '.' }
