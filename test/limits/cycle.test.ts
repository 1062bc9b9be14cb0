import { describe, expect, it } from 'vitest'
import { type Cycle, cycleAt } from '../../daemon/limits/cycle.ts'

const day = (zone: string): Cycle => ({ length: 'day', day: 1, zone })
const week = (day: number, zone = 'UTC'): Cycle => ({ length: 'week', day, zone })
const month = (day: number, zone = 'UTC'): Cycle => ({ length: 'month', day, zone })

describe('a cycle', () => {
  it.each<[string, Cycle, string, string, string]>([
    ['a day', day('UTC'), '2026-03-01T23:59:59.999Z', '2026-03-01T00:00Z', '2026-03-02T00:00Z'],
    ['its first moment', day('UTC'), '2026-03-02T00:00Z', '2026-03-02T00:00Z', '2026-03-03T00:00Z'],
    ['a day ahead', day('Asia/Tokyo'), '2026-03-01T15:00Z', '2026-03-01T15:00Z', '2026-03-02T15:00Z'],
    ['a day of 23 hours', day('Europe/Berlin'), '2026-03-29T12:00Z', '2026-03-28T23:00Z', '2026-03-29T22:00Z'],
    ['a day of 25 hours', day('Europe/Berlin'), '2026-10-25T12:00Z', '2026-10-24T22:00Z', '2026-10-25T23:00Z'],
    ['a day without a midnight', day('Africa/Cairo'), '2026-04-24T12:00Z', '2026-04-23T22:00Z', '2026-04-24T21:00Z'],
    ['a day with two midnights', day('America/Havana'), '2026-11-01T12:00Z', '2026-11-01T04:00Z', '2026-11-02T05:00Z'],
    ['half past', day('Asia/Kolkata'), '2026-03-01T12:00Z', '2026-02-28T18:30Z', '2026-03-01T18:30Z'],
    ['a week from Monday', week(1), '2026-11-29T12:00Z', '2026-11-23T00:00Z', '2026-11-30T00:00Z'],
    ['a week from Sunday', week(7), '2026-11-29T12:00Z', '2026-11-29T00:00Z', '2026-12-06T00:00Z'],
    ['a week over the clocks', week(1, 'Europe/Berlin'), '2026-03-30T00:00Z', '2026-03-29T22:00Z', '2026-04-05T22:00Z'],
    ['a month', month(1), '2026-12-31T23:00Z', '2026-12-01T00:00Z', '2027-01-01T00:00Z'],
    ['from the 15th', month(15), '2026-03-14T23:00Z', '2026-02-15T00:00Z', '2026-03-15T00:00Z'],
    ['from the 31st', month(31), '2026-03-01T00:00Z', '2026-02-28T00:00Z', '2026-03-31T00:00Z'],
    ['to the 31st', month(31), '2026-04-29T00:00Z', '2026-03-31T00:00Z', '2026-04-30T00:00Z'],
    ['a leap year', month(30), '2028-02-29T12:00Z', '2028-02-29T00:00Z', '2028-03-30T00:00Z'],
    ['there', month(1, 'America/New_York'), '2026-11-01T03:00Z', '2026-10-01T04:00Z', '2026-11-01T04:00Z'],
    ['over the clocks', month(1, 'America/New_York'), '2026-11-02T00:00Z', '2026-11-01T04:00Z', '2026-12-01T05:00Z'],
  ])('of %s', (_, cycle, now, start, end) => {
    const { start: from, end: to } = cycleAt(cycle, Date.parse(now))
    expect([new Date(from), new Date(to)]).toEqual([new Date(start), new Date(end)])
  })
})
