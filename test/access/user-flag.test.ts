import { expect, it } from 'vitest'
import { parseUserFlag, parseUserFlags } from '../../daemon/access/user-flag.ts'
import { Failure } from '../../daemon/failure.ts'

it.each([
  ['bob:secret', 'bob', 'secret'],
  ['bob:se:cr:et', 'bob', 'se:cr:et'],
  ['bob::', 'bob', ':'],
  ['bób b:pass word ', 'bób b', 'pass word '],
])('reads %j', (text, name, password) => {
  expect(parseUserFlag(text)).toEqual({ name, password })
})

it.each([
  ['secret', 'no colon'],
  ['', 'no colon'],
  [':secret', 'name must not be empty'],
  ['bob:', 'password must not be empty'],
  ['b\nob:secret', 'name must not contain control characters'],
  [`${'ö'.repeat(128)}:secret`, 'name must be at most 255 bytes'],
  [`bob:${'secret'.repeat(43)}`, 'password must be at most 255 bytes'],
])('refuses %j without repeating it', (text, reason) => {
  expect(() => parseUserFlag(text)).toThrow(Failure)
  expect(() => parseUserFlag(text)).toThrow(reason)
  expect(() => parseUserFlag(text)).not.toThrow('secret')
})

it('takes several users, but no name twice', () => {
  expect(parseUserFlags(['bob:secret', 'ann:secret']).map(({ name }) => name)).toEqual(['bob', 'ann'])
  const twice = () => parseUserFlags(['bob:secret', 'bob:secret2'])
  expect(twice).toThrow(Failure)
  expect(twice).toThrow('--user "bob" is given twice')
  expect(twice).not.toThrow('secret')
})
