/** Bytes moved, or bytes a second. */
export interface UpDown {
  readonly up: number
  readonly down: number
}

/** The rates of one interval. */
export interface Point extends UpDown {
  /** The interval's end, milliseconds since 1970 by the daemon's clock, and its length. */
  readonly time: number
  readonly span: number
}

/** The share of a slot that must have been seen for it to be drawn; one of the daemon's steps is more in any graph. */
const least = 0.2

/** Rates in slots of one length, the newest last; NaN where nothing is known. */
export interface Series {
  readonly up: readonly number[]
  readonly down: readonly number[]
}

interface Sum {
  up: number
  down: number
  /** The share of the slot of which something is known. */
  seen: number
}

/**
 * Mean rates in `count` slots of `step` milliseconds, the last of which `end` lies in; NaN where nothing was seen. Slots
 * begin at multiples of `step`, so that a value that has been drawn does not change when time goes on. Each interval is
 * spread over the slots that it covers; the last slot is drawn however little of it has been seen.
 */
export function resample(points: readonly Point[], end: number, step: number, count: number): Series {
  const sums = Array.from({ length: count }, (): Sum => ({ up: 0, down: 0, seen: 0 }))
  const start = startOf(end, step, count)
  for (let at = points.length - 1; at >= 0; at -= 1) {
    const point = points[at]
    if (!point || point.time <= start) break
    spread(point, sums, (point.time - point.span - start) / step, (point.time - start) / step)
  }
  const mean = (total: number, seen: number, slot: number) => {
    return seen > 0 && (seen >= least || slot === count - 1) ? total / seen : Number.NaN
  }
  return {
    up: sums.map(({ up, seen }, slot) => mean(up, seen, slot)),
    down: sums.map(({ down, seen }, slot) => mean(down, seen, slot)),
  }
}

/** The slot, among these, that a moment lies in or begins. */
export function slotOf(moment: number, end: number, step: number, count: number): number {
  return Math.max(0, Math.min(count, Math.floor((moment - startOf(end, step, count)) / step)))
}

function startOf(end: number, step: number, count: number): number {
  return (Math.ceil(end / step) - count) * step
}

/** Add an interval that begins and ends at these slots, or within them. */
function spread({ up, down }: Point, sums: readonly Sum[], begin: number, end: number): void {
  const from = Math.max(0, begin)
  const to = Math.min(sums.length, end)
  for (let slot = Math.floor(from); slot < to; slot += 1) {
    const sum = sums[slot]
    const share = Math.min(to, slot + 1) - Math.max(from, slot)
    if (!sum || share <= 0) continue
    sum.up += up * share
    sum.down += down * share
    sum.seen += share
  }
}

/** What rates come to: the greatest one, which of them it is (the newest, if several are), and their mean. */
export interface Summary {
  readonly peak: number
  readonly at: number
  readonly mean: number
}

/** Of the rates that are known; null if none is. */
export function summarize(rates: readonly number[]): Summary | null {
  let [at, sum, known] = [-1, 0, 0]
  for (const [slot, rate] of rates.entries()) {
    if (Number.isNaN(rate)) continue
    if (!(rate < (rates[at] ?? 0))) at = slot
    sum += rate
    known += 1
  }
  return known === 0 ? null : { peak: rates[at] ?? 0, at, mean: sum / known }
}
