import { type Curve, dotsOf, fillArea } from './area.ts'
import { asciiRamp, blockRamp, type Drawing, drawBars } from './bars.ts'

/** Columns of labels left of an area; of them, the axis, and the margin right of it. */
export const labelColumns = 5
const aroundArea = labelColumns + 2

/** How many values a graph of `width` columns shows: two a column of its area. */
export function chartValues(width: number): number {
  return 2 * (width - aroundArea)
}

/** A curve with what is marked on it. */
export interface Plot extends Curve {
  /** How many of its values, the oldest, stand for an average, of whose course nothing is known. */
  readonly averaged: number
  /** Its highest value: which of them, and what to write beside it; null: nothing is. */
  readonly peak: { readonly at: number; readonly text: string } | null
}

/**
 * What a part of a row is: the area itself, or of averaged values; where it is cut off by the top; the dashed line of the
 * mean; the peak's text.
 */
export type Tone = 'area' | 'averaged' | 'above' | 'mean' | 'peak'

/** Neighbouring characters of one tone. */
export interface Run {
  readonly tone: Tone
  readonly text: string
}

interface Cell {
  readonly tone: Tone
  readonly text: string
}

interface Marks {
  /** What points away from the axis, towards it, and sideways. */
  readonly outwards: string
  readonly inwards: string
  readonly right: string
  readonly left: string
  readonly mean: string
}

const standing: Marks = { outwards: '▴', inwards: '▾', right: '▸', left: '◂', mean: '╌' }
const hanging: Marks = { ...standing, outwards: '▾', inwards: '▴' }
const standingAscii: Marks = { outwards: '^', inwards: 'v', right: '>', left: '<', mean: '-' }
const hangingAscii: Marks = { ...standingAscii, outwards: 'v', inwards: '^' }

/** The rows of one side of a graph, as they come on the screen; each is a column for every two values. */
export function drawPlot(plot: Plot, rows: number, drawing: Drawing): Run[][] {
  const marks = marksOf(plot.isHanging, drawing)
  const cells = drawCells(plot, rows, drawing, marks)
  // From the axis outwards, whichever way that is.
  if (!plot.isHanging) cells.reverse()
  markAbove(cells, plot.heights, marks)
  markPeak(cells, plot, marks)
  if (!plot.isHanging) cells.reverse()
  return cells.map(runsOf)
}

function marksOf(isHanging: boolean, drawing: Drawing): Marks {
  if (drawing === 'ascii') return isHanging ? hangingAscii : standingAscii
  return isHanging ? hanging : standing
}

/** The area and the line of its mean. */
function drawCells(plot: Plot, rows: number, drawing: Drawing, marks: Marks): Cell[][] {
  const { heights, averaged, mean, isHanging } = plot
  const areaAt = (column: number) => (2 * column < averaged ? 'averaged' : 'area')
  if (drawing === 'braille') {
    const filled = heights.map((height) => dotsOf(height, rows) / 4)
    const isFilled = (column: number, row: number) => filled.slice(2 * column, 2 * column + 2).some((end) => end > row)
    return fillArea(plot, rows).map((line, row) => {
      const from = rowFromAxis(row, rows, plot)
      return Array.from(line, (text, column) => ({ text, tone: isFilled(column, from) ? areaAt(column) : 'mean' }))
    })
  }
  const meanRow = mean === null ? null : Math.min(rows - 1, Math.floor(mean * rows))
  const bars = drawBars(halve(heights), rows, drawing === 'ascii' ? asciiRamp : blockRamp, isHanging)
  return bars.map((line, row) => {
    const isMean = rowFromAxis(row, rows, plot) === meanRow
    return Array.from(line, (text, column) =>
      isMean && text === ' ' ? { text: marks.mean, tone: 'mean' } : { text, tone: areaAt(column) },
    )
  })
}

function rowFromAxis(row: number, rows: number, { isHanging }: Curve): number {
  return isHanging ? row : rows - 1 - row
}

/** What is above the scale has its end at the top marked, that it is not taken for what just reaches it. */
function markAbove(cells: Cell[][], heights: readonly number[], { outwards }: Marks): void {
  const top = cells.at(-1)
  if (!top) return
  for (const [column] of top.entries()) {
    const isAbove = heights.slice(2 * column, 2 * column + 2).some((height) => height > 1)
    if (isAbove) top[column] = { text: outwards, tone: 'above' }
  }
}

/** Write the peak where it is, if there is room: beyond it, else beside it. */
function markPeak(cells: Cell[][], { heights, peak }: Plot, { inwards, right, left }: Marks): void {
  if (!peak) return
  const column = Math.floor(peak.at / 2)
  const row = Math.min(cells.length - 1, Math.floor((heights[peak.at] ?? 0) * cells.length))
  const places = [
    { row: row + 1, from: column, text: `${inwards}${peak.text}` },
    { row: row + 1, from: column - peak.text.length, text: `${peak.text}${inwards}` },
    { row, from: column + 1, text: `${left}${peak.text}` },
    { row, from: column - peak.text.length - 1, text: `${peak.text}${right}` },
  ]
  const isFree = ({ row, from, text }: (typeof places)[number]) => {
    const line = cells[row]?.slice(Math.max(0, from), from + text.length) ?? []
    return from >= 0 && line.length === text.length && line.every(({ text, tone }) => text === ' ' || tone === 'mean')
  }
  const place = places.find(isFree)
  if (!place) return
  for (const [at, text] of Array.from(place.text).entries()) {
    const line = cells[place.row]
    if (line) line[place.from + at] = { text, tone: 'peak' }
  }
}

function runsOf(cells: readonly Cell[]): Run[] {
  const runs: { tone: Tone; text: string }[] = []
  for (const { text, tone } of cells) {
    const last = runs.at(-1)
    if (last && (last.tone === tone || text === ' ')) last.text += text
    else runs.push({ tone, text })
  }
  return runs
}

/** The mean of each two, or the one of them that is known. */
function halve(heights: readonly number[]): number[] {
  return Array.from({ length: Math.ceil(heights.length / 2) }, (_, at) => {
    const known = heights.slice(2 * at, 2 * at + 2).filter((height) => !Number.isNaN(height))
    return known.length === 0 ? Number.NaN : known.reduce((sum, height) => sum + height) / known.length
  })
}
