import { formatRate } from '../../../shared/format/bytes.ts'

export type RateUnit = 'bytes' | 'bits'

/** The vertical axis of a throughput graph. */
export interface Scale {
  /** The axis' top, in `unit`; a whole number that its labels divide well. */
  readonly top: number
  /** Labelled steps between 0 and `top`. */
  readonly steps: number
  /** Such as `MiB/s`, and how many bytes a second it stands for. */
  readonly unit: string
  readonly bytesPerUnit: number
}

/** Tops and their steps: the graph's labels are whole numbers, or end at two decimals. */
const tops = [
  { top: 1, steps: 5 },
  { top: 2, steps: 4 },
  { top: 5, steps: 5 },
  { top: 10, steps: 5 },
  { top: 20, steps: 4 },
  { top: 50, steps: 5 },
  { top: 100, steps: 5 },
  { top: 200, steps: 4 },
  { top: 500, steps: 5 },
]

/** A fraction of the first unit with a prefix would look as if something were measured. */
const idle = { top: 1000, steps: 5 }

/** The smallest scale that holds `most` bytes a second, never under 1000 B/s (or bit/s), so that an idle graph is calm. */
export function scaleFor(most: number, rateUnit: RateUnit): Scale {
  const base = rateUnit === 'bits' ? 1000 : 1024
  const perUnit = rateUnit === 'bits' ? 1 / 8 : 1
  if (most <= idle.top * perUnit) return { ...idle, bytesPerUnit: perUnit, unit: unitOf(perUnit, rateUnit) }
  for (let bytesPerUnit = perUnit * base; ; bytesPerUnit *= base) {
    const fitting = tops.find(({ top }) => top * bytesPerUnit >= most)
    if (fitting) return { ...fitting, bytesPerUnit, unit: unitOf(bytesPerUnit, rateUnit) }
  }
}

function unitOf(bytesPerUnit: number, rateUnit: RateUnit): string {
  return formatRate(bytesPerUnit, rateUnit).split(' ')[1] ?? ''
}
