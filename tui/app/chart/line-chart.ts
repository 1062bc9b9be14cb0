import Line from 'blessed-contrib/lib/widget/charts/line.js'

/** What a graph shows, whatever its scale. */
export interface Plot {
  /** Terminal columns and rows, the axes included; at least 12 by 5. */
  readonly width: number
  readonly height: number
  /** Between 0 and 1, the newest last; NaN leaves a gap. `chartValues(width)` of them. */
  readonly heights: readonly number[]
}

/** What blessed-contrib takes off a widget's size for a border: columns and rows. */
const border = { columns: 6, rows: 2 }
/** Rows under the baseline, where it would write labels; the app writes its own. */
const labelRows = 2
/** Dots left of the vertical axis, for labels. */
const axisDots = 12
/** Dots by which it draws to the right of where a value belongs. */
const shift = 2
/** Dots by which it draws above where a value belongs. */
const lift = 2

/** How many values a graph of `width` columns shows: two a column right of the axis. */
export function chartValues(width: number): number {
  return 2 * width - axisDots - shift
}

/**
 * The rows as blessed-contrib draws them in braille, without colours and labels; the vertical axis is the first column
 * that is not empty, and the last row is the baseline.
 */
export function drawLine({ width, height, heights }: Plot): string[] {
  const style = { line: 'normal', text: 'normal', baseline: 'normal' }
  const line = new Line({ style, maxY: 1, numYLabels: 1, xPadding: axisDots })
  line.width = width + border.columns
  line.height = height + labelRows + border.rows
  line.emit('attach')
  const dots = 4 * (height - 1)
  line.setData({
    x: new Array<string>(2 * width - axisDots).fill(' '),
    y: withCompany(heights).map((height) => {
      // A trickle must not look like nothing. The top is the uppermost dot, and the bottom the one above the baseline.
      const dot = height > 0 ? Math.max(1, Math.round(height * (dots - 1))) : height * (dots - 1)
      return (dot + 1 - lift) / dots
    }),
  })
  return line.ctx._canvas.frame().split('\n').slice(0, height).map(stripColors)
}

/** A line takes two values: one between two gaps stands for the value before it, too. */
function withCompany(heights: readonly number[]): number[] {
  const isGap = (at: number) => Number.isNaN(heights[at] ?? Number.NaN)
  return heights.map((height, at) => (isGap(at) && isGap(at + 2) ? (heights[at + 1] ?? height) : height))
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence begins with one
const colorCodes = /\u001b\[\d+m/g

/** `row` without its colors. */
function stripColors(row: string): string {
  return row.replace(colorCodes, '')
}

/** `row`, without colors, in ASCII: each braille character as the one whose ink lies nearest. */
export function brailleToAscii(row: string): string {
  return row.replace(/[\u2800-\u28ff]/g, (character) => asciiOf(character.charCodeAt(0) - 0x2800))
}

/** The dots of each of the four rows of a braille character, top first (Unicode 15, section 21.1). */
const dotRows = [0x09, 0x12, 0x24, 0xc0]

function asciiOf(dots: number): string {
  const rows = dotRows.map((mask) => (dots & mask) !== 0)
  if (rows.filter(Boolean).length > 2) return '|'
  return ['"', '-', '.', '_'][rows.lastIndexOf(true)] ?? ' '
}
