import { momentsOf, offsetIn } from '../../shared/format/zone.ts'

/** When a quota begins anew. */
export interface Cycle {
  readonly length: 'day' | 'week' | 'month'
  /** Of a week from 1, Monday, to 7; of a month from 1 to 31, its last day where it is shorter. */
  readonly day: number
  /** A name of the IANA time zone database. */
  readonly zone: string
}

const dayLength = 86_400_000

/** When the cycle that `now` is in began, and when the next one does: the first moments of days there, whatever the clocks do. */
export function cycleAt(cycle: Cycle, now: number): { readonly start: number; readonly end: number } {
  const today = dateIn(cycle.zone, now)
  const first = firstDayOf(cycle, today)
  return { start: beginningOf(first, cycle.zone), end: beginningOf(nextFirstDay(cycle, first), cycle.zone) }
}

/** Days are told as the milliseconds of their midnight in UTC. */
function firstDayOf({ length, day }: Cycle, today: number): number {
  if (length === 'day') return today
  const date = new Date(today)
  if (length === 'week') return today - ((date.getUTCDay() + 7 - (day % 7)) % 7) * dayLength
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
  const first = dayOfMonth(year, month, day)
  return first <= today ? first : dayOfMonth(year, month - 1, day)
}

function nextFirstDay({ length, day }: Cycle, first: number): number {
  if (length !== 'month') return first + (length === 'day' ? 1 : 7) * dayLength
  const date = new Date(first)
  return dayOfMonth(date.getUTCFullYear(), date.getUTCMonth() + 1, day)
}

function dayOfMonth(year: number, month: number, day: number): number {
  const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate()
  return Date.UTC(year, month, Math.min(day, last))
}

/** A day may have no midnight, or two: what counts is its first moment. */
function beginningOf(day: number, zone: string): number {
  return momentsOf(zone, day)[0]
}

function dateIn(zone: string, time: number): number {
  const local = time + offsetIn(zone, time)
  return local - (((local % dayLength) + dayLength) % dayLength)
}
