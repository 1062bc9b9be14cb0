import { median } from '../statistics.ts'
import type { Figures } from './scenario.ts'

/** Two ways of doing the same, told apart by less than what the machine's own mood makes of either. */
export interface Comparison {
  readonly one: readonly Figures[]
  readonly other: readonly Figures[]
}

/** How often each way is measured, in turns. */
const pairs = 8

/** Measure both ways in turns, close together: one other, other one, and so on, so that no drift favours either. */
export async function compare(one: () => Promise<Figures>, other: () => Promise<Figures>): Promise<Comparison> {
  await one()
  await other()
  const results: { one: Figures[]; other: Figures[] } = { one: [], other: [] }
  for (let pair = 0; pair < pairs; pair++) {
    const sides = pair % 2 === 0 ? (['one', 'other'] as const) : (['other', 'one'] as const)
    for (const side of sides) results[side].push(await (side === 'one' ? one() : other()))
  }
  return results
}

/** Measure both ways at the same time, so that the machine's mood is the same for both: for what they cost, not how fast they are. */
export async function compareBeside(one: () => Promise<Figures>, other: () => Promise<Figures>): Promise<Comparison> {
  const results: { one: Figures[]; other: Figures[] } = { one: [], other: [] }
  for (let pair = 0; pair < pairs; pair++) {
    const [figures, others] = await Promise.all([one(), other()])
    results.one.push(figures)
    results.other.push(others)
  }
  return results
}

/** The other way's figure as a share of the one's: the median of all pairs. */
export function ratio({ one, other }: Comparison, figure: string): number {
  return median(one.map((figures, pair) => value(other[pair], figure) / value(figures, figure)))
}

/** The median of a figure. */
export function middle(results: readonly Figures[], figure: string): number {
  return median(results.map((figures) => value(figures, figure)))
}

function value(figures: Figures | undefined, figure: string): number {
  return figures?.[figure] ?? Number.NaN
}
