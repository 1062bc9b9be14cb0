import { expect, it } from 'vitest'
import { AccessError } from '../../daemon/access/access-error.ts'
import { parseUserFlag } from '../../daemon/access/user-flag.ts'

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
  expect(() => parseUserFlag(text)).toThrow(AccessError)
  expect(() => parseUserFlag(text)).toThrow(reason)
  expect(() => parseUserFlag(text)).not.toThrow('secret')
})
