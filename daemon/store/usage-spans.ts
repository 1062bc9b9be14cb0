import type { UsageWish } from './store.ts'

/** What usage is summed up by: milliseconds of each, and how many of them are kept. */
export const usageSpans = {
  hour: { length: 3_600_000, kept: 31 * 24 },
  day: { length: 86_400_000, kept: 400 },
} as const

/** Where to look for what is wished: in which sums, and in those of them from `first` to before `end`, counted since 1970. */
export function spanOf({ by, since, until }: Pick<UsageWish, 'by' | 'since' | 'until'>) {
  const { hour } = usageSpans
  // Users and groups from hours where those go back far enough, since they tell more exactly.
  const tellHours = by === 'hour' || (by !== 'day' && since >= Date.now() - hour.kept * hour.length)
  const span = tellHours ? 'hour' : 'day'
  const { length } = usageSpans[span]
  return { span, length, first: Math.ceil(since / length), end: Math.ceil(until / length) } as const
}
