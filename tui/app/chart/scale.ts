import { formatRate } from '../../../shared/format/bytes.ts'
import type { UpDown } from './resample.ts'

export type RateUnit = 'bytes' | 'bits'

/** The vertical axis of a graph that is some rows high. */
export interface Scale {
  /** Bytes a second at the top. */
  readonly ceiling: number
  /** Such as `MiB/s`: what the labels count. */
  readonly unit: string
  /** Whether each label is ten times the one below, and what is under the lowest of them lies at the bottom. */
  readonly logarithmic: boolean
  /** Steps from one label to the next between bottom and top; above the last label there may be less than one left. */
  readonly steps: number
  /** What is written how many rows above the bottom; at most five characters each. */
  readonly labels: readonly { readonly row: number; readonly text: string }[]
}

/** How a person wants rates scaled. */
export interface ScaleWish {
  readonly rateUnit: RateUnit
  readonly logarithmic: boolean
  /** Whether both ways have the same scale, by which they can be compared. */
  readonly shared: boolean
  /** Bytes a second for which there must be room, whatever is drawn; null: as is needed. */
  readonly ceiling: UpDown | null
}

/** Labels above the bottom, in the order of how well that many can be read; more or fewer only where there are too few rows. */
const counts = { linear: [4, 5, 6, 7, 3, 8], logarithmic: [4, 3] }

/** Values of the lowest label, of which no multiple has many digits, and of the highest one. */
const linearSteps = [0.1, 1, 10, 100]
  .flatMap((tenth) => [1, 2, 2.5, 3, 4, 5].map((value) => value * tenth))
  .concat(1000)
const logarithmicLabels = [1, 10, 100, 1000]

/** Bytes or bits a second that a scale reaches at least: in less, noise would look like traffic. What a unit counts at most. */
const idle = 1000
const mostOfUnit = 1000

/** The scales of both ways, each for as many rows, with room for the greatest of their rates. */
export function scalesFor(
  greatest: UpDown,
  rows: UpDown,
  { rateUnit, logarithmic, shared, ceiling }: ScaleWish,
): { readonly down: Scale; readonly up: Scale } {
  const most = ceiling ?? greatest
  const both = Math.max(most.down, most.up)
  const scale = (way: keyof UpDown) => scaleFor(shared ? both : most[way], rows[way], rateUnit, logarithmic)
  return { down: scale('down'), up: scale('up') }
}

/** The smallest scale of `rows` rows that has room for `most` bytes a second; its labels lie evenly apart. */
export function scaleFor(most: number, rows: number, rateUnit: RateUnit, logarithmic = false): Scale {
  const { count, spacing } = placeLabels(rows, counts[logarithmic ? 'logarithmic' : 'linear'])
  const steps = rows / spacing
  const topOf = (value: number) => (logarithmic ? value * 10 ** (steps - count) : value * steps)
  const { value, bytesPerUnit } = labelFor(most, rateUnit, logarithmic ? logarithmicLabels : linearSteps, topOf)
  const labels = Array.from({ length: count }, (_, at) => {
    const label = logarithmic ? value / 10 ** (count - 1 - at) : value * (at + 1)
    return { row: (at + 1) * spacing, text: String(Number(label.toPrecision(6))) }
  })
  return { ceiling: topOf(value) * bytesPerUnit, unit: unitOf(bytesPerUnit, rateUnit), logarithmic, steps, labels }
}

/** The first of these values, in the first unit, whose top has room for `most` bytes a second. */
function labelFor(
  most: number,
  rateUnit: RateUnit,
  values: readonly number[],
  topOf: (value: number) => number,
): { readonly value: number; readonly bytesPerUnit: number } {
  const bytesPerUnit = rateUnit === 'bits' ? 1 / 8 : 1
  const still = values.find((value) => topOf(value) >= idle)
  if (still !== undefined && topOf(still) * bytesPerUnit >= most) return { value: still, bytesPerUnit }
  const base = rateUnit === 'bits' ? 1000 : 1024
  for (let prefixed = bytesPerUnit * base; ; prefixed *= base) {
    const value = values.find((value) => topOf(value) <= mostOfUnit && topOf(value) * prefixed >= most)
    if (value !== undefined) return { value, bytesPerUnit: prefixed }
  }
}

/** How many labels there are, and rows from each to the next, so that as few rows as can be are left over on top. */
function placeLabels(rows: number, counts: readonly number[]): { readonly count: number; readonly spacing: number } {
  const least = Math.min(...counts)
  if (rows < least) return { count: rows, spacing: 1 }
  for (let used = rows; ; used -= 1) {
    const count = counts.find((count) => used % count === 0)
    if (count !== undefined) return { count, spacing: used / count }
  }
}

/** Where a rate lies between 0, the bottom, and 1, the top; beyond 1 where it is above the scale; NaN for NaN. */
export function heightOf({ ceiling, logarithmic, steps }: Scale, bytesPerSecond: number): number {
  const share = bytesPerSecond / ceiling
  if (!logarithmic || share <= 0) return share
  // What is under the lowest label must still be told from nothing.
  return Math.max(Number.MIN_VALUE, 1 + Math.log10(share) / steps)
}

/** Bytes a second for which another scale has room, the next one up (`by` over 0) or down. */
export function ceilingBeside(most: number, by: number, { rateUnit, logarithmic }: ScaleWish): number {
  // Scales lie apart by 2 at most, or by 10, and a little more where the unit changes: 1 MiB is not 1000 KiB.
  const step = logarithmic ? 10.5 : 2.1
  const least = rateUnit === 'bits' ? idle / 8 : idle
  return Math.max(least, by > 0 ? Math.max(least, most) * step : most / step)
}

function unitOf(bytesPerUnit: number, rateUnit: RateUnit): string {
  return formatRate(bytesPerUnit, rateUnit).split(' ')[1] ?? ''
}
