import type { Result } from '../../../shared/protocol/methods.ts'
import type { Point } from './traffic.ts'

/** A user's throughput as last told. */
export interface UserHistory {
  readonly name: string
  readonly points: readonly Point[]
}

/** The steps of a history as intervals with their rates; those of which nothing is known are left out. */
export function pointsOf({ step, end, up, down }: Result<'metrics.history'>): Point[] {
  return down.flatMap((down, at) => {
    const upThen = up[at]
    if (down === null || typeof upThen !== 'number') return []
    return [{ time: end - (up.length - 1 - at) * step, span: step, up: upThen, down }]
  })
}
