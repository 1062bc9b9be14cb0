import { formatDay, readTime } from '../format/time.ts'
import { parseSpan } from '../span.ts'
import { UsageError } from './usage.ts'

const mostSeconds = 315_360_000
const day = 86_400_000

/** A span such as `10m`, in whole seconds, ten years at most. Throws `UsageError`; `what` stands for it. */
export function readSeconds(text: string, what: string): number {
  const seconds = Math.round(spanOf(text))
  if (seconds >= 1 && seconds <= mostSeconds) return seconds
  throw new UsageError(`${what} is how long, such as 90s, 1h30m or 7d, and ten years at most`)
}

/**
 * A moment in milliseconds since 1970: so long before `now` (`2h`, `30d`), or a date, or a date and a time, as clocks in `zone`
 * have them unless they name another; where times are shown, if it is not given. Throws `UsageError`; `what` stands for it.
 */
export function readMoment(
  text: string,
  what: string,
  { now = Date.now(), zone }: { readonly now?: number; readonly zone?: 'UTC' } = {},
): number {
  const before = spanOf(text)
  if (before >= 0 && before <= mostSeconds) return now - before * 1000
  const moment = readTime(dated(text, now, zone), zone)
  if (moment !== undefined && moment >= 0) return moment
  throw new UsageError(
    `${what} is how long ago, such as 2h or 30d, or a date, such as 2027-01-31 or 2027-01-31T12:00, today, yesterday, or 18:00`,
  )
}

/** With the date that is meant by a word, or by a time alone: the last such time. */
function dated(text: string, now: number, zone: 'UTC' | undefined): string {
  const today = formatDay(now, zone)
  const yesterday = new Date(Date.parse(today) - day).toISOString().slice(0, 10)
  if (text === 'today') return today
  if (text === 'yesterday') return yesterday
  if (!/^\d\d:\d\d(:\d\d)?$/.test(text)) return text
  const [early, late] = [`${yesterday}T${text}`, `${today}T${text}`]
  return (readTime(late, zone) ?? now) > now ? early : late
}

/** In seconds; NaN for what is no span. */
function spanOf(text: string): number {
  return (parseSpan(text) ?? Number.NaN) / 1000
}
