import type { Point } from '../store/traffic.ts'

/** The share of a slot that must have been seen for it to be drawn. */
const least = 0.5

export interface Series {
  readonly up: readonly number[]
  readonly down: readonly number[]
}

/**
 * Mean rates in `count` slots of `step` milliseconds, the last one ending at `end`; NaN where nothing was seen. Points
 * come about once a second but never quite, so each is spread over the slots that its interval covers.
 */
export function resample(points: readonly Point[], end: number, step: number, count: number): Series {
  const sums = Array.from({ length: count }, () => ({ up: 0, down: 0, seen: 0 }))
  const start = end - count * step
  for (let at = points.length - 1; at >= 0; at -= 1) {
    const point = points[at]
    if (!point || point.time <= start) break
    const from = Math.max(0, (point.time - point.span - start) / step)
    const to = Math.min(count, (point.time - start) / step)
    for (let slot = Math.floor(from); slot < to; slot += 1) {
      const sum = sums[slot]
      const share = Math.min(to, slot + 1) - Math.max(from, slot)
      if (!sum || share <= 0) continue
      sum.up += point.up * share
      sum.down += point.down * share
      sum.seen += share
    }
  }
  const mean = (total: number, seen: number) => (seen < least ? Number.NaN : total / seen)
  return { up: sums.map(({ up, seen }) => mean(up, seen)), down: sums.map(({ down, seen }) => mean(down, seen)) }
}
