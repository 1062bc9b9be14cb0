import Line from 'blessed-contrib/lib/widget/charts/line.js'

export interface LineChart {
  /** Terminal columns and rows, at least 12 by 5. */
  readonly width: number
  readonly height: number
  /** One value a dot, two dots a column, the newest last; NaN leaves a gap. See `chartValues` for how many. */
  readonly values: readonly number[]
  /** The axis' top, over 0, and how many labels it has. */
  readonly top: number
  readonly steps: number
}

/** What blessed-contrib takes off a widget's size for a border: columns and rows. */
const border = { columns: 6, rows: 2 }
/** Rows under the baseline, where it would write labels; the app writes its own. */
const labelRows = 2
/** Dots left of the vertical axis, for its labels. */
const axisDots = 12
/** Dots by which it draws to the right of where a value belongs. */
const shift = 2

/** How many values a graph of `width` columns shows. */
export function chartValues(width: number): number {
  return 2 * width - axisDots - shift
}

/** The graph's rows as blessed-contrib draws them: braille, ANSI colors around every character. */
export function drawLineChart({ width, height, values, top, steps }: LineChart): string[] {
  // Any color tells the line from the rest: the theme gives each its own.
  const style = { line: 'cyan', text: 'normal', baseline: 'normal' }
  const line = new Line({ style, maxY: top, numYLabels: steps, xPadding: axisDots })
  line.width = width + border.columns
  line.height = height + labelRows + border.rows
  line.emit('attach')
  const dot = top / (4 * (height - 1))
  line.setData({
    x: new Array<string>(2 * width - axisDots).fill(' '),
    y: values.map((value) => visible(value, top, dot)),
  })
  return line.ctx._canvas.frame().split('\n').slice(0, height)
}

/** A trickle must not look like nothing, and what is over the top stays on the graph. */
function visible(value: number, top: number, dot: number): number {
  return value > 0 ? Math.min(top, Math.max(dot, value)) : value
}
