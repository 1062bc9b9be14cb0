import { expect, test } from 'vitest'
import {
  formatClock,
  formatDay,
  formatDuration,
  formatTime,
  readTime,
  timeColumns,
} from '../../../shared/format/time.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

test.each([
  [-1, '0s'],
  [999, '0s'],
  [59_999, '59s'],
  [minute, '1m00s'],
  [minute + 5_000, '1m05s'],
  [hour - 1, '59m59s'],
  [hour, '1h00m'],
  [3 * hour + 4 * minute + 59_000, '3h04m'],
  [day - 1, '23h59m'],
  [12 * day + 3 * hour, '12d03h'],
  [400 * day, '400d00h'],
])('%d ms are %s', (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text)
})

test('a moment is told to the second, in UTC', () => {
  expect(formatTime(0)).toBe('1970-01-01T00:00:00Z')
  expect(formatTime(Date.UTC(2026, 0, 31, 23, 59, 1, 999))).toBe('2026-01-31T23:59:01Z')
})

test.each<[zone: string, moment: string, shown: string]>([
  ['UTC', '2026-11-29T17:30:00Z', '2026-11-29T17:30:00Z'],
  ['Etc/UTC', '2026-11-29T17:30:00Z', '2026-11-29T17:30:00Z'],
  ['Europe/Berlin', '2026-11-29T17:30:00Z', '2026-11-29 18:30:00 CET'],
  ['Europe/Berlin', '2026-03-29T00:59:59Z', '2026-03-29 01:59:59 CET'],
  ['Europe/Berlin', '2026-03-29T01:00:00Z', '2026-03-29 03:00:00 CEST'],
  ['Europe/Berlin', '2026-10-25T00:30:00Z', '2026-10-25 02:30:00 CEST'],
  ['Europe/Berlin', '2026-10-25T01:30:00Z', '2026-10-25 02:30:00 CET'],
  ['America/New_York', '2027-01-01T04:59:59Z', '2026-12-31 23:59:59 EST'],
  ['America/New_York', '2026-11-01T05:30:00Z', '2026-11-01 01:30:00 EDT'],
  ['America/New_York', '2026-11-01T06:30:00Z', '2026-11-01 01:30:00 EST'],
  ['Europe/London', '2026-07-01T12:00:00Z', '2026-07-01 13:00:00 BST'],
  ['Australia/Sydney', '2026-07-01T14:00:00Z', '2026-07-02 00:00:00 AEST'],
  ['Asia/Kolkata', '2026-07-01T12:00:00Z', '2026-07-01 17:30:00 IST'],
  ['Asia/Kathmandu', '2026-07-01T12:00:00Z', '2026-07-01 17:45:00 +0545'],
  ['America/Sao_Paulo', '2026-07-01T00:00:00Z', '2026-06-30 21:00:00 -03'],
])('in %s, %s is shown as %s, which is read as it is meant', (zone, moment, shown) => {
  const time = Date.parse(moment)
  expect(formatTime(time, zone)).toBe(shown)
  expect(shown.length).toBeLessThanOrEqual(timeColumns)
  expect(readTime(shown, zone)).toBe(time)
  expect(shown).toContain(formatDay(time, zone))
  expect(shown).toContain(formatClock(time, zone))
})

test.each([8.64e15, 1e308, -1e308, Number.POSITIVE_INFINITY, Number.NaN])(
  '%d is no moment, whatever the zone',
  (none) => {
    for (const zone of ['UTC', 'Europe/Berlin', 'America/New_York'])
      expect([formatTime, formatDay, formatClock].map((format) => format(none, zone))).toEqual(['?', '?', '?'])
  },
)

test('a year beyond 9999 leaves the time of day what it is', () => {
  const moment = Date.UTC(20_000, 0, 1, 12, 34, 56)
  expect(formatTime(moment, 'Asia/Kolkata')).toBe('+020000-01-01 18:04:56 IST')
})

test.each<[zone: string, text: string, moment: string]>([
  ['UTC', '2027-01-31', '2027-01-31T00:00Z'],
  ['Europe/Berlin', '2027-01-31', '2027-01-30T23:00Z'],
  ['Europe/Berlin', '2027-07-31T12:00', '2027-07-31T10:00Z'],
  ['Europe/Berlin', '2027-01-31T12:00:01Z', '2027-01-31T12:00:01Z'],
  ['Europe/Berlin', '2027-01-31T12:00-05:30', '2027-01-31T17:30Z'],
  // Twice on that day, and never on this one, when it is an hour later.
  ['Europe/Berlin', '2026-10-25 02:30', '2026-10-25T00:30Z'],
  ['Europe/Berlin', '2026-03-29 02:30', '2026-03-29T01:30Z'],
  ['Africa/Cairo', '2026-04-24', '2026-04-23T22:00Z'],
])('in %s, %s is %s', (zone, text, moment) => {
  expect(readTime(text, zone)).toBe(Date.parse(moment))
})

test.each([
  '',
  'soon',
  '2027-02-30',
  '2027-13-01',
  '2027-01-31T24:01',
  '2027-01-31 12:00 EST',
  '2027-01-31 12',
  '12:00',
])('no moment is %j', (text) => expect(readTime(text, 'Europe/Berlin')).toBeUndefined())
