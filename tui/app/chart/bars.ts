/** How graphs are drawn, where the terminal can show it. */
export const drawings = ['braille', 'blocks', 'ascii'] as const
export type Drawing = (typeof drawings)[number]

/** Characters from empty to full. */
interface Ramp {
  readonly cells: string
  /** Stands for nothing moved, where that must be told from nothing known. */
  readonly zero: string
}

export const blockRamp: Ramp = { cells: ' ▁▂▃▄▅▆▇█', zero: '▁' }
export const asciiRamp: Ramp = { cells: ' .:|', zero: '_' }

/** Sparklines in ASCII have one row to tell all. */
const asciiSparks = ' .:-=+*#'

/**
 * A bar a column: `heights` are between 0 and 1, NaN leaves a gap. More than nothing is at least the smallest mark.
 * Returns `rows` rows, the highest first.
 */
export function drawBars(heights: readonly number[], rows: number, { cells }: Ramp): string[] {
  const levels = cells.length - 1
  const filled = heights.map((height) =>
    height > 0 ? Math.max(1, Math.round(Math.min(1, height) * rows * levels)) : 0,
  )
  return Array.from({ length: rows }, (_, row) => {
    const below = (rows - 1 - row) * levels
    return filled.map((cell) => cells[Math.max(0, Math.min(levels, cell - below))]).join('')
  })
}

/** A bar of `width` columns, as much of it full as `share` says; more than nothing is seen, and only all of it is full. */
export function gauge(share: number, width: number, unicode: boolean): string {
  const filled = share >= 1 ? width : share > 0 ? Math.max(1, Math.min(width - 1, Math.round(share * width))) : 0
  const [full, empty] = unicode ? ['█', '░'] : ['#', '.']
  return (full as string).repeat(filled) + (empty as string).repeat(width - filled)
}

/** One row of bars against the greatest of these rates; a gap for NaN, and a line at the bottom where nothing moved. */
export function sparkline(rates: readonly number[], unicode: boolean): string {
  const cells = unicode ? blockRamp.cells.slice(1) : asciiSparks
  const { zero } = unicode ? blockRamp : asciiRamp
  const most = rates.reduce((most, rate) => (rate > most ? rate : most), 0)
  const mark = (rate: number) => cells[Math.max(1, Math.round((rate / most) * (cells.length - 1)))]
  return rates.map((rate) => (Number.isNaN(rate) ? ' ' : rate > 0 ? mark(rate) : zero)).join('')
}
