import { expect, test } from 'vitest'
import { judgeFor } from '../../tui/judge/judge.ts'

const judge = judgeFor(() => {})
const connections = { seq: 1, changed: [], moved: [], closed: [] }
const users = { seq: 1, changed: [], moved: [], removed: [] }

test.each([
  ['connections.changed', { ...connections, moved: [['7', 0, 2 ** 50]] }],
  ['users.changed', { ...users, moved: [['bob', 3, 5, 7, 0, 0.5, 0]] }],
  ['users.changed', { ...users, moved: [['bob', 3, 5, 7, 0, 0, 0]] }],
])('what the daemon tells is passed on: %s %j', (name, value) => {
  expect(judge('event', name, value)).toBeNull()
})

test.each([
  [
    'connections.changed',
    {
      ...connections,
      moved: [
        ['7', 0, 1],
        ['8', 0, -1],
      ],
    },
    /^moved\.1\.2: /,
  ],
  ['connections.changed', { ...connections, moved: [['7', 0, 1.5]] }, /^moved\.0\.2: /],
  ['connections.changed', { ...connections, moved: [['7', 0, '1']] }, /^moved\.0\.2: /],
  ['connections.changed', { ...connections, moved: [[7, 0, 1]] }, /^moved\.0\.0: /],
  ['connections.changed', { ...connections, moved: [['7', 0]] }, /^moved\.0/],
  ['connections.changed', { ...connections, moved: [null] }, /^moved\.0: /],
  ['connections.changed', { ...connections, moved: 7 }, /^moved: /],
  ['connections.changed', { ...connections, moved: [['7', 0, 1]], closed: [7] }, /^closed\.0: /],
  ['connections.changed', { seq: 1, moved: [] }, /^changed: /],
  ['users.changed', { ...users, moved: [['bob', 3, 5]] }, /^moved\.0/],
  ['users.changed', null, /./],
])('what is wrong with it is found: %s %j', (name, value, problem) => {
  expect(judge('event', name, value)).toMatch(problem)
})

test.each([
  ['rules.list', { revision: 0, rules: [{ id: 1 }] }, 'older'],
  ['session.ping', { time: 'now' }, 'other'],
])('%s with %j is of a daemon whose release is %s', (name, value, release) => {
  const gaps: unknown[] = []
  expect(judgeFor((gap) => gaps.push(gap))('result', name, value)).toMatch(/: (is missing|must be)/)
  expect(gaps).toEqual([{ name, release }])
})

test.each(['constructor', '__proto__', 'toString', 'a word', ''])('%j is no word of a daemon', (role) => {
  expect(judge('result', 'auth.finish', { message: 'v=', role })).toBe('role: must be a word')
})

test('what a later release adds passes: members, words, longer tuples', () => {
  const gaps: unknown[] = []
  const judge = judgeFor((gap) => gaps.push(gap))
  expect(judge('result', 'auth.finish', { message: 'v=', role: 'owner', more: { of: 1 } })).toBeNull()
  expect(judge('event', 'users.changed', { ...users, moved: [['bob', 3, 5, 7, 0, 0, 0, 9]] })).toBeNull()
  expect(judge('event', 'connections.moved', { seq: 'one' })).toBeNull()
  expect(gaps).toEqual([])
})
