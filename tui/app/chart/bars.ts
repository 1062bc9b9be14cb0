/** How graphs are drawn, where the terminal can show it. */
export const drawings = ['braille', 'blocks', 'ascii'] as const
export type Drawing = (typeof drawings)[number]

/** Characters from empty to full, as bars stand on an axis, and as they hang from one. */
export interface Ramp {
  readonly standing: string
  readonly hanging: string
  /** Stands for nothing moved, where that must be told from nothing known. */
  readonly zero: string
}

/** Of blocks that hang few fonts know more than these three. */
export const blockRamp: Ramp = { standing: ' ▁▂▃▄▅▆▇█', hanging: ' ▔▔▀▀▀███', zero: '▁' }
export const asciiRamp: Ramp = { standing: ' .:|', hanging: " ':|", zero: '_' }

/** Sparklines in ASCII have one row to tell all. */
const asciiSparks = ' .:-=+*#'

/**
 * A bar a column, standing or hanging: `heights` are between 0 and 1, NaN leaves a gap. More than nothing is at least the
 * smallest mark. Returns `rows` rows, as they come on the screen.
 */
export function drawBars(heights: readonly number[], rows: number, ramp: Ramp, isHanging = false): string[] {
  const cells = isHanging ? ramp.hanging : ramp.standing
  const levels = cells.length - 1
  const filled = heights.map((height) =>
    height > 0 ? Math.max(1, Math.round(Math.min(1, height) * rows * levels)) : 0,
  )
  const drawn = Array.from({ length: rows }, (_, row) => {
    return filled.map((cell) => cells[Math.max(0, Math.min(levels, cell - row * levels))]).join('')
  })
  return isHanging ? drawn : drawn.reverse()
}

/** A bar of `width` columns, as much of it full as `share` says; more than nothing is seen, and only all of it is full. */
export function gauge(share: number, width: number, unicode: boolean): string {
  const filled = share >= 1 ? width : share > 0 ? Math.max(1, Math.min(width - 1, Math.round(share * width))) : 0
  const [full, empty] = unicode ? ['█', '░'] : ['#', '.']
  return (full as string).repeat(filled) + (empty as string).repeat(width - filled)
}

/** One row of bars against the greatest of these rates; a gap for NaN, and a line at the bottom where nothing moved. */
export function sparkline(rates: readonly number[], unicode: boolean): string {
  const cells = unicode ? blockRamp.standing.slice(1) : asciiSparks
  const { zero } = unicode ? blockRamp : asciiRamp
  const most = rates.reduce((most, rate) => (rate > most ? rate : most), 0)
  const mark = (rate: number) => cells[Math.max(1, Math.round((rate / most) * (cells.length - 1)))]
  return rates.map((rate) => (Number.isNaN(rate) ? ' ' : rate > 0 ? mark(rate) : zero)).join('')
}
