import { parseSpan } from '../span.ts'
import { UsageError } from './usage.ts'

const mostSeconds = 315_360_000

/** A span such as `10m`, in whole seconds, ten years at most. Throws `UsageError`; `what` stands for it. */
export function readSeconds(text: string, what: string): number {
  const seconds = Math.round(spanOf(text))
  if (seconds >= 1 && seconds <= mostSeconds) return seconds
  throw new UsageError(`${what} is how long, such as 90s, 1h30m or 7d, and ten years at most`)
}

/**
 * A moment in milliseconds since 1970: so long before `now` (`2h`, `30d`), or a date, or a date and a time, both of UTC
 * unless they name a zone. Throws `UsageError`; `what` stands for it.
 */
export function readMoment(text: string, what: string, now: number = Date.now()): number {
  const before = spanOf(text)
  if (before >= 0 && before <= mostSeconds) return now - before * 1000
  const moment = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?)?$/.test(text)
    ? Date.parse(/T[^Z+-]*$/.test(text) ? `${text}Z` : text)
    : Number.NaN
  if (moment >= 0) return moment
  throw new UsageError(`${what} is how long ago, such as 2h or 30d, or a date, such as 2027-01-31 or 2027-01-31T12:00`)
}

/** In seconds; NaN for what is no span. */
function spanOf(text: string): number {
  return (parseSpan(text) ?? Number.NaN) / 1000
}
