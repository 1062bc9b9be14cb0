import { expect, it } from 'vitest'
import { LoginFailures } from '../../daemon/control/login-failures.ts'

function failures() {
  const clock = { now: 0 }
  return { clock, failures: new LoginFailures(10, () => clock.now) }
}

function fail(failures: LoginFailures, address: string, times: number): void {
  for (let i = 0; i < times; i++) failures.note(address)
}

it('allows ten in a row', () => {
  const { failures: some } = failures()
  fail(some, 'a', 9)
  expect(some.tooMany('a')).toBe(false)
  some.note('a')
  expect(some.tooMany('a')).toBe(true)
  expect(some.tooMany('b')).toBe(false)
})

it('allows one more every six seconds, and all ten after a minute', () => {
  const { failures: some, clock } = failures()
  fail(some, 'a', 10)
  clock.now = 5_999
  expect(some.tooMany('a')).toBe(true)
  clock.now = 6_000
  expect(some.tooMany('a')).toBe(false)
  some.note('a')
  expect(some.tooMany('a')).toBe(true)
  clock.now = 66_000
  fail(some, 'a', 9)
  expect(some.tooMany('a')).toBe(false)
})

it('takes back what was no failure, and never more than there was', () => {
  const { failures: some, clock } = failures()
  fail(some, 'a', 10)
  some.takeBack('a')
  expect(some.tooMany('a')).toBe(false)
  some.note('a')
  expect(some.tooMany('a')).toBe(true)
  clock.now = 60_000
  some.takeBack('a')
  fail(some, 'a', 9)
  expect(some.tooMany('a')).toBe(false)
  some.note('a')
  expect(some.tooMany('a')).toBe(true)
})

it('forgets those that failed longest ago when there are very many', () => {
  const { failures: some } = failures()
  fail(some, 'first', 10)
  fail(some, 'second', 10)
  some.note('first')
  for (let i = 0; i < 1023; i++) some.note(`other ${i}`)
  expect(some.tooMany('first')).toBe(true)
  expect(some.tooMany('second')).toBe(false)
})

it.each([
  ['2001:db8:1:2::1', '2001:db8:1:2:ffff::1', true],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::', true],
  ['2001:db8::1', '2001:db8::ffff:0:0:1', true],
  ['::1', '::2', true],
  ['::ffff:192.0.2.1', '192.0.2.1', true],
  ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
  ['2001:db8::1', '2001:db8:0:1::1', false],
  ['::1:0:0:0:0', '::2:0:0:0:0', false],
  ['::ffff:192.0.2.1', '::ffff:192.0.2.2', false],
  ['192.0.2.1', '192.0.2.2', false],
  ['the Unix socket', '192.0.2.1', false],
])('counts the failures of %s and %s together: %s', (one, other, together) => {
  const { failures: some } = failures()
  fail(some, one, 10)
  expect(some.tooMany(other)).toBe(together)
})
