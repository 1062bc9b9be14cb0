import { expect, onTestFinished, test } from 'vitest'
import { readMoment } from '../../../shared/commands/moments.ts'
import { UsageError } from '../../../shared/commands/usage.ts'
import { showTimesIn } from '../../../shared/format/time.ts'

/** Half past midnight on Monday after the clocks went forward, where times are shown; still Sunday by UTC. */
const now = Date.parse('2026-03-30T00:30+02:00')

test.each<[text: string, shown: string, utc: string]>([
  ['2h', '2026-03-29T20:30Z', '2026-03-29T20:30Z'],
  ['today', '2026-03-29T22:00Z', '2026-03-29T00:00Z'],
  ['yesterday', '2026-03-28T23:00Z', '2026-03-28T00:00Z'],
  ['00:15', '2026-03-29T22:15Z', '2026-03-29T00:15Z'],
  ['18:00', '2026-03-29T16:00Z', '2026-03-29T18:00Z'],
  ['23:00:01', '2026-03-29T21:00:01Z', '2026-03-28T23:00:01Z'],
  ['2026-03-01', '2026-02-28T23:00Z', '2026-03-01T00:00Z'],
  ['2026-03-01T12:00', '2026-03-01T11:00Z', '2026-03-01T12:00Z'],
  ['2026-03-01T12:00Z', '2026-03-01T12:00Z', '2026-03-01T12:00Z'],
])('%s is %s where times are shown so, and %s in UTC', (text, shown, utc) => {
  showTimesIn('Europe/Berlin')
  onTestFinished(() => showTimesIn('UTC'))
  expect(readMoment(text, 'TIME', { now })).toBe(Date.parse(shown))
  expect(readMoment(text, 'TIME', { now, zone: 'UTC' })).toBe(Date.parse(utc))
})

test.each(['soon', '25:00', '2026-02-30', '1969-12-31', '-1h', '11y'])('no moment is %s', (text) => {
  expect(() => readMoment(text, 'TIME', { now })).toThrow(UsageError)
})
