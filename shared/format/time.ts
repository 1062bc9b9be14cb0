import { unknown } from './unknown.ts'
import { isMoment, momentsOf, offsetIn, type Zone, zoneName } from './zone.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** A span of `milliseconds` for people, its two greatest units: `0s`, `42s`, `1m05s`, `3h04m`, `12d03h`; `?` for what is no number. */
export function formatDuration(milliseconds: number): string {
  if (!Number.isFinite(milliseconds)) return unknown
  const span = Math.max(0, milliseconds)
  if (span < minute) return `${Math.floor(span / second)}s`
  if (span < hour) return twoUnits(span, minute, 'm', second, 's')
  if (span < day) return twoUnits(span, hour, 'h', minute, 'm')
  return twoUnits(span, day, 'd', hour, 'h')
}

/** Terminal columns that `formatTime` needs at most. */
export const timeColumns = 25

/**
 * Where times are shown, and typed without a zone. Programs for people say so once, at their start; it is state of the
 * module because each table, panel and verb asks for it, and none can have another.
 */
let shownZone: Zone = 'UTC'

/** From now on times are shown, and read where they name no zone, as clocks in `zone` have them; in UTC before. */
export function showTimesIn(zone: Zone): void {
  shownZone = zone
}

/** A moment, in milliseconds since 1970, to the second: `2026-01-31 23:59:00 CET`, or of UTC `2026-01-31T23:59:00Z`; `?` for what is none. */
export function formatTime(milliseconds: number, zone = shownZone): string {
  const name = zoneName(zone, milliseconds)
  if (name === 'UTC') return formatUtc(milliseconds)
  return `${formatDay(milliseconds, zone)} ${formatClock(milliseconds, zone)} ${name}`
}

/** A moment to the second and in UTC, whatever is shown otherwise: `2026-01-31T23:59:00Z`; `?` for what is none. */
export function formatUtc(milliseconds: number): string {
  const [day, clock] = dayAndClock(milliseconds, 'UTC')
  return day === unknown ? unknown : `${day}T${clock}Z`
}

/** What clocks show at a moment, to the second: `23:59:00`; `?` for what is none. The zone is to be named nearby. */
export function formatClock(milliseconds: number, zone = shownZone): string {
  return dayAndClock(milliseconds, zone)[1]
}

/** What day it is at a moment: `2026-01-31`; `?` for what is none. */
export function formatDay(milliseconds: number, zone = shownZone): string {
  return dayAndClock(milliseconds, zone)[0]
}

/** What the zone in which times are shown is called at a moment: `CET`, `UTC`. */
export function shownZoneName(milliseconds: number): string {
  return zoneName(shownZone, milliseconds)
}

/**
 * The moment, in milliseconds since 1970, of a day or a day and a time: `2026-01-31`, `2026-01-31T23:59`, as `formatTime` writes
 * it, or with a zone as ISO 8601 has it. Of two the earlier; undefined for what is none.
 */
export function readTime(text: string, zone = shownZone): number | undefined {
  const [, day, clock = '00:00', name = ''] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?) ?(Z|[A-Z]{2,5}|[+-]\d\d(?::?\d\d)?)?)?$/.exec(text) ?? []
  if (day === undefined) return undefined
  const shown = Date.parse(`${day}T${clock}Z`)
  // What is read as a later day, such as the 30th of February, is a slip of the finger.
  if (Number.isNaN(shown) || formatUtc(shown).slice(0, 10) !== day) return undefined
  if (name === 'Z' || name === 'UTC') return shown
  const [, sign, hours, minutes = '0'] = /^([+-])(\d\d):?(\d\d)?$/.exec(name) ?? []
  if (sign !== undefined) return shown - (sign === '-' ? -1 : 1) * (Number(hours) * hour + Number(minutes) * minute)
  return momentsOf(zone, shown).find((moment) => name === '' || zoneName(zone, moment) === name)
}

/** Years beyond 9999 have a sign and six digits. */
function dayAndClock(milliseconds: number, zone: Zone): readonly [day: string, clock: string] {
  if (!isMoment(milliseconds)) return [unknown, unknown]
  const [day = '', clock = ''] = new Date(milliseconds + offsetIn(zone, milliseconds)).toISOString().split(/[T.]/)
  return [day, clock]
}

function twoUnits(span: number, great: number, greatName: string, small: number, smallName: string): string {
  const rest = Math.floor((span % great) / small)
  return `${Math.floor(span / great)}${greatName}${String(rest).padStart(2, '0')}${smallName}`
}
