import { blockRamp, type Drawing, drawBars } from './bars.ts'
import { brailleToAscii, drawLine, type Plot } from './line-chart.ts'

/** What is written left of the axis at which height. */
export interface Label {
  readonly at: number
  readonly text: string
}

/** A row of a graph: its axis with labels, and what is right of it; the last row is an axis as a whole. */
export interface PlotRow {
  readonly axis: string
  readonly plot: string
}

/** Columns for labels, and with the axis. */
const labelColumns = 5
const axisColumns = 7

/** The rows of a graph, each of exactly `width` columns. */
export function drawPlot(plot: Plot, labels: readonly Label[], drawing: Drawing): PlotRow[] {
  const written = placeLabels(labels, plot.height - 1)
  return drawRows(plot, drawing).map((row, at) => {
    const text = (written[at] ?? '').padStart(labelColumns)
    const [axis, right] = [row.slice(labelColumns, axisColumns), row.slice(axisColumns)]
    return at === plot.height - 1 ? { axis: text + axis + right, plot: '' } : { axis: text + axis, plot: right }
  })
}

function drawRows(plot: Plot, drawing: Drawing): string[] {
  if (drawing === 'braille') return drawLine(plot)
  if (drawing === 'ascii') return drawLine(plot).map(brailleToAscii)
  const margin = ' '.repeat(axisColumns - 1)
  const bars = drawBars(halve(plot.heights), plot.height - 1, blockRamp).map((bar) => `${margin}│${bar}`)
  return [...bars, `${margin}└${'─'.repeat(plot.width - axisColumns)}`]
}

/** The label of each row; of two that fall on one row, the one nearer to the top or bottom. */
function placeLabels(labels: readonly Label[], rows: number): string[] {
  const written: string[] = []
  const inner = labels.filter(({ at }) => at > 0 && at < 1)
  for (const { at, text } of [...inner, ...labels.filter((label) => !inner.includes(label))]) {
    written[Math.round((1 - at) * (rows - 1))] = text
  }
  return written
}

/** The mean of each two, or the one of them that is known. */
function halve(heights: readonly number[]): number[] {
  return Array.from({ length: heights.length / 2 }, (_, at) => {
    const known = heights.slice(2 * at, 2 * at + 2).filter((height) => !Number.isNaN(height))
    return known.length === 0 ? Number.NaN : known.reduce((sum, height) => sum + height) / known.length
  })
}
