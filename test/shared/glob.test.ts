import { expect, it } from 'vitest'
import { matchGlob } from '../../shared/glob.ts'

it.each([
  ['bob', 'bob', true],
  ['bob', 'bobby', false],
  ['b*', 'bob', true],
  ['*b', 'bob', true],
  ['b*b', 'b', false],
  ['b*o*b', 'bob', true],
  ['b*ob*b', 'bob', false],
  ['*', '', true],
  ['B*', 'bob', false],
  ['b.b*', 'bob', false],
])('%j is all of %j: %s', (pattern, text, expected) => {
  expect(matchGlob(pattern)(text)).toBe(expected)
})
