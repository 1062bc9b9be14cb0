import { expect, test } from 'vitest'
import { wishIn } from '../../tui/app/keys/go-to.ts'
import { stateAt } from '../../tui/app/state/state.ts'

const state = stateAt(['here'])

test.each([
  ['connections', { page: 'connections', filter: '' }],
  ['connections user:bob  "a b"', { page: 'connections', filter: 'user:bob  "a b"' }],
  ['log level:warn', { page: 'log', filter: 'level:warn' }],
  ['overview', { page: 'overview', filter: '' }],
  ['overview bob', 'overview takes no filter'],
  ['q', { quit: true }],
  ['quit', { quit: true }],
  ['q now', null],
  ['users set bob quota=1GB', null],
  ['log --last 5', null],
  ['users; stats', null],
  ['deluser bob', null],
  ['daemons', null],
])(':%s', (line, wish) => expect(wishIn(line, state)).toEqual(wish))

test('a filter that makes no sense is told before the page is shown', () => {
  expect(wishIn('connections foo:bar', state)).toMatch(/^foo:bar: there is no field foo/)
})

test('of several daemons there is a page', () => {
  expect(wishIn('daemons', stateAt(['here', 'there']))).toEqual({ page: 'daemons', filter: '' })
})
