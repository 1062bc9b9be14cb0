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
  /** Whether each step downwards is a tenth, and all below the last one lies at the bottom. */
  readonly logarithmic: boolean
}

/** How a person wants rates scaled; `ceiling`: bytes a second at the top, null for what is needed. */
interface ScaleWish {
  readonly rateUnit: RateUnit
  readonly logarithmic: boolean
  readonly ceiling: number | null
}

interface Top {
  readonly top: number
  readonly steps: number
}

/** Tops and their steps: the graph's labels are whole numbers, or end at two decimals. */
const linearTops: readonly Top[] = [
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

/** Four tenths of tenths: the least has four digits. */
const decades = 4
const logarithmicTops: readonly Top[] = [1, 10, 100].map((top) => ({ top, steps: decades }))

/** A fraction of the first unit with a prefix would look as if something were measured. */
const idle = { linear: { top: 1000, steps: 5 }, logarithmic: { top: 1000, steps: decades } }

/** The smallest scale that holds `most` bytes a second, never under 1000 B/s (or bit/s), so that an idle graph is calm. */
export function scaleFor(most: number, rateUnit: RateUnit, logarithmic = false): Scale {
  const base = rateUnit === 'bits' ? 1000 : 1024
  const perUnit = rateUnit === 'bits' ? 1 / 8 : 1
  const scale = (top: Top, bytesPerUnit: number) => {
    return { ...top, bytesPerUnit, unit: unitOf(bytesPerUnit, rateUnit), logarithmic }
  }
  const least = logarithmic ? idle.logarithmic : idle.linear
  if (most <= least.top * perUnit) return scale(least, perUnit)
  const tops = logarithmic ? logarithmicTops : linearTops
  for (let bytesPerUnit = perUnit * base; ; bytesPerUnit *= base) {
    const fitting = tops.find(({ top }) => top * bytesPerUnit >= most)
    if (fitting) return scale(fitting, bytesPerUnit)
  }
}

/** One scale for all these rates, so that their graphs can be compared; NaN stands for nothing known. */
export function sharedScale(rates: readonly number[], { rateUnit, logarithmic, ceiling }: ScaleWish): Scale {
  const most = rates.reduce((most, rate) => (rate > most ? rate : most), 0)
  return scaleFor(ceiling ?? most, rateUnit, logarithmic)
}

/** Bytes a second at the top. */
export function ceilingOf({ top, bytesPerUnit }: Scale): number {
  return top * bytesPerUnit
}

/** Bytes a second at the top of the next scale, higher (`by` over 0) or lower. */
export function ceilingBeside(ceiling: number, by: number, { rateUnit, logarithmic }: ScaleWish): number {
  // Tops lie apart by 2 to 2.5, or by 10; 1000 B and 1 KiB are as good as the same.
  const step = logarithmic ? 9 : 2
  const wanted = by > 0 ? ceiling * 1.1 : ceiling / (step * 1.25)
  return ceilingOf(scaleFor(wanted, rateUnit, logarithmic))
}

/** Where a rate lies between 0, the bottom, and 1, the top; NaN for NaN. */
export function heightOf(scale: Scale, bytesPerSecond: number): number {
  const share = Math.min(1, bytesPerSecond / ceilingOf(scale))
  if (!scale.logarithmic || share <= 0) return share
  // What is under the last step must still be told from nothing.
  return Math.max(Number.MIN_VALUE, 1 + Math.log10(share) / scale.steps)
}

/** What is written along the axis, and where between 0 and 1. At most five characters each. */
export function axisLabels({ top, steps, logarithmic }: Scale): { readonly at: number; readonly text: string }[] {
  return Array.from({ length: steps + 1 }, (_, step) => {
    const at = step / steps
    const value = logarithmic ? top / 10 ** (steps - step) : top * at
    return { at, text: step === 0 ? '0' : String(value) }
  })
}

function unitOf(bytesPerUnit: number, rateUnit: RateUnit): string {
  return formatRate(bytesPerUnit, rateUnit).split(' ')[1] ?? ''
}
