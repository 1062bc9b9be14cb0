import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { formatLimit, type LimitName, type LimitValue, limitNames, parseLimit } from '../../shared/limits.ts'
import { settings } from '../../shared/settings.ts'

it.each([
  ['limits', limitNames],
  ['settings', Object.keys(settings)],
])('of %s those down stand before those up, as people read them', (_, names) => {
  const rates = names.filter((name) => name.startsWith('rate-'))
  expect(rates.length).toBeGreaterThan(0)
  for (const [at, name] of rates.entries()) expect(name).toContain(at % 2 === 0 ? '-down' : '-up')
})

describe('limits', () => {
  it.each<[LimitName, string, LimitValue | undefined]>([
    ['rate-down', '10MB/s', 10_000_000],
    ['rate-down', '10 MB/s', 10_000_000],
    ['rate-up', '64kB/s', 64_000],
    ['rate-up', '64KiB/s', 65_536],
    ['rate-up', '80Mbit/s', 10_000_000],
    ['rate-up', '1500', 1_500],
    ['rate-up', 'none', null],
    ['rate-up', '', undefined],
    ['quota', '50GB', 50_000_000_000],
    ['quota', '1.5GiB', 1_610_612_736],
    ['quota', '0', 0],
    ['max-connections', '5', 5],
    ['sources', '10.0.0.0/8, 2001:db8::/32', ['10.0.0.0/8', '2001:db8::/32']],
    ['cycle', 'none', 'none'],
    ['over', 'cut', 'cut'],
    ['over', '64kB/s', 64_000],
    ['expires', '2027-01-01', Date.parse('2027-01-01T00:00Z')],
    ['expires', '2027-01-01T12:00+02:00', Date.parse('2027-01-01T10:00Z')],
    ['expires', '30d', '30d'],
    ['note', 'the printer', 'the printer'],
  ])('%s reads %j', (name, text, value) => {
    expect(parseLimit(name, text)).toEqual(value)
  })

  it.each<[LimitName, string, string]>([
    ['rate-down', 'fast', 'rate-down is bytes or bits a second, such as 10MB/s, 64kB/s or 80Mbit/s, not "fast"'],
    ['rate-down', '0', 'rate-down is bytes or bits a second, such as 10MB/s, 64kB/s or 80Mbit/s, not "0"'],
    ['rate-down', '80Mb/s', 'rate-down is bytes or bits a second, such as 10MB/s, 64kB/s or 80Mbit/s, not "80Mb/s"'],
    ['quota', '-1', 'quota is bytes, such as 50GB or 500MiB, not "-1"'],
    ['warn', '101', 'warn is a number from 1 to 100, not "101"'],
    ['cycle', 'year', 'cycle is one of none, day, week, month, not "year"'],
    ['expires', 'soon', 'expires is a time such as 2027-01-01 or 2027-01-01T12:00Z, or a span such as 30d, not "soon"'],
    [
      'expires',
      '2027-02-30',
      'expires is a time such as 2027-01-01 or 2027-01-01T12:00Z, or a span such as 30d, not "2027-02-30"',
    ],
    [
      'expires',
      '2027-00-01',
      'expires is a time such as 2027-01-01 or 2027-01-01T12:00Z, or a span such as 30d, not "2027-00-01"',
    ],
    [
      'expires',
      '0000-01-01',
      'expires is a time such as 2027-01-01 or 2027-01-01T12:00Z, or a span such as 30d, not "0000-01-01"',
    ],
    ['note', '\ud800', 'note is a text of at most 200 characters, without control characters'],
  ])('%s refuses %j', (name, text, message) => {
    expect(() => parseLimit(name, text)).toThrow(new RangeError(message))
  })

  it('are times of UTC where they name no zone, whatever the zone of the machine that reads them', () => {
    vi.stubEnv('TZ', 'America/New_York')
    onTestFinished(() => void vi.unstubAllEnvs())
    expect(parseLimit('expires', '2027-01-01T12:00')).toBe(Date.parse('2027-01-01T12:00Z'))
    expect(parseLimit('expires', '2027-01-01')).toBe(Date.parse('2027-01-01T00:00Z'))
  })

  it('are written as they are read', () => {
    const numbers = fc.integer({ min: 1, max: 2 ** 50 })
    fc.assert(
      fc.property(fc.constantFrom<LimitName>('rate-up', 'quota', 'over'), numbers, (name, value) => {
        expect(parseLimit(name, formatLimit(name, value))).toBe(value)
      }),
    )
    expect(formatLimit('rate-up', 10_000_000)).toBe('10MB/s')
    expect(formatLimit('quota', 2 ** 30)).toBe('1GiB')
    expect(formatLimit('over', 128_000)).toBe('128kB/s')
    expect(formatLimit('quota', 0)).toBe('0B')
    expect(formatLimit('expires', Date.parse('2027-01-01T00:00Z'))).toBe('2027-01-01')
    for (const name of limitNames) expect(formatLimit(name, null)).toBe('none')
  })

  it('are written whatever a daemon says that they are', () => {
    for (const name of limitNames)
      for (const value of [1e308, -1e308, 5e-324, Number.MAX_SAFE_INTEGER, 'x', []])
        expect(formatLimit(name, value)).toBeTypeOf('string')
  })
})
