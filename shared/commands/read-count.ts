import { UsageError } from './usage-error.ts'

/** The number that `text` is. Throws `UsageError`, which tells the bounds, if it is none from `least` to `most`. */
export function readCount(text: string, least: number, most: number): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (!(count >= least && count <= most)) throw new UsageError(`N is a number from ${least} to ${most}`)
  return count
}
