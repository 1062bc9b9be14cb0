/** A name of the IANA time zone database, or `local`: the zone that the machine, or the variable TZ, says. */
export type Zone = string

/** Whose English has names for zones: each its own country's. */
const tongues = ['en-US', 'en-GB', 'en-AU', 'en-IN', 'en-ZA']

const clocks = new Map<Zone, Intl.DateTimeFormat>()
const names = new Map<string, string>()

/** The last moment, in milliseconds since 1970, of which every clock can tell: a day before the last one that a `Date` can be. */
const latest = 8.64e15 - 86_400_000

/** Whether clocks can tell of it: a daemon that lies has moments that are none. */
export function isMoment(time: number): boolean {
  return Math.abs(time) <= latest
}

/** Milliseconds that clocks there are ahead of UTC at this time; 0 if it is none. */
export function offsetIn(zone: Zone, time: number): number {
  if (zone === 'UTC' || !isMoment(time)) return 0
  const clock =
    clocks.get(zone) ??
    new Intl.DateTimeFormat('en-US', {
      ...timeZone(zone),
      calendar: 'iso8601',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  clocks.set(zone, clock)
  const parts = clock.formatToParts(time)
  const part = (name: Intl.DateTimeFormatPartTypes) => Number(parts.find(({ type }) => type === name)?.value)
  const local = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'))
  return local - Math.floor(time / 1000) * 1000
}

/** What the zone is called at this time: `UTC`, `CET`, `CEST`, or, where it has no short name, `+03` or `+0545`; `UTC` if it is none. */
export function zoneName(zone: Zone, time: number): string {
  if (zone === 'UTC' || !isMoment(time)) return 'UTC'
  const offset = offsetIn(zone, time)
  const key = `${zone} ${offset}`
  const name = names.get(key) ?? nameIn(zone, time) ?? offsetText(offset)
  names.set(key, name)
  return name
}

/**
 * The moments, in milliseconds since 1970, at which clocks there show what those of UTC show at `shown`: one, or two in the
 * hour that comes again when clocks go back. In the one that is left out when they go forward it is as if they went on: an hour later.
 */
export function momentsOf(zone: Zone, shown: number): [number, ...number[]] {
  const day = 86_400_000
  const before = shown - offsetIn(zone, shown - day)
  const after = shown - offsetIn(zone, shown + day)
  const moments = before === after ? [before] : [before, after].sort((one, other) => one - other)
  const [first, ...others] = moments.filter((moment) => moment + offsetIn(zone, moment) === shown)
  return first === undefined ? [before] : [first, ...others]
}

function nameIn(zone: Zone, time: number): string | undefined {
  return tongues
    .map((tongue) => {
      const parts = new Intl.DateTimeFormat(tongue, { ...timeZone(zone), timeZoneName: 'short' }).formatToParts(time)
      return parts.find(({ type }) => type === 'timeZoneName')?.value ?? ''
    })
    .find((name) => /^[A-Z]{2,5}$/.test(name))
}

function offsetText(offset: number): string {
  const minutes = Math.abs(Math.round(offset / 60_000))
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0'))
  return `${offset < 0 ? '-' : '+'}${hours}${rest === '00' ? '' : rest}`
}

function timeZone(zone: Zone): { timeZone?: string } {
  return zone === 'local' ? {} : { timeZone: zone }
}
