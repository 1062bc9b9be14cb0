import Canvas from 'blessed-contrib/lib/widget/canvas.js'

/** Dots of a braille character. */
const across = 2
const down = 4

/** Columns of its size that a canvas of blessed-contrib does not draw on, as if it had a border. */
const border = 6
/** Dots of a dashed line from one to the next. */
const dash = 4

/** What is drawn on one side of an axis, whatever its scale. */
export interface Curve {
  /** Between 0, the axis, and 1; the newest last, two a column. NaN leaves a gap. */
  readonly heights: readonly number[]
  /** The height of a dashed line; null: none. */
  readonly mean: number | null
  /** Whether the axis is above. */
  readonly isHanging: boolean
}

/** The area between axis and curve in braille, as blessed-contrib fills it, in `rows` rows as they come on the screen. */
export function fillArea({ heights, mean, isHanging }: Curve, rows: number): string[] {
  const columns = Math.ceil(heights.length / across)
  const canvas = new Canvas({})
  canvas.width = columns + border
  canvas.height = rows
  canvas.emit('attach')
  const { ctx } = canvas
  ctx.strokeStyle = 'normal'
  /** Fill a column from one dot to another, counted from the axis. */
  const fill = (x: number, from: number, to: number) => {
    if (to <= from) return
    ctx.beginPath()
    ctx.moveTo(x, isHanging ? from : rows * down - to)
    ctx.lineTo(x, isHanging ? to - 1 : rows * down - 1 - from)
    ctx.stroke()
  }
  const line = mean === null ? null : dotsOf(mean, rows) - 1
  for (const [x, height] of heights.entries()) {
    const top = dotsOf(height, rows)
    if (line === null || x % dash !== 0) fill(x, 0, top)
    else if (top <= line) {
      fill(x, 0, top)
      fill(x, line, line + 1)
    } else {
      // The line goes on in what is filled, as dots that are missing.
      fill(x, 0, line)
      fill(x, line + 1, top)
    }
  }
  return ctx._canvas.frame().split('\n').slice(0, rows).map(stripColors)
}

/** Dots of `rows` rows that are filled; a trickle must not look like nothing. */
export function dotsOf(height: number, rows: number): number {
  return height > 0 ? Math.max(1, Math.round(Math.min(1, height) * rows * down)) : 0
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence begins with one
const colorCodes = /\u001b\[\d+m/g

/** `row` without its colors. */
function stripColors(row: string): string {
  return row.replace(colorCodes, '')
}
