import { expect, test } from 'vitest'
import type { Table } from '../../../shared/commands/verb.ts'
import { accessEntryOf } from '../../access-log/entries.ts'
import { runCommand } from './fake-context.ts'

const of = (number: number) => accessEntryOf({ id: `a-${number}`, ts: 1767225661730 + 1000 * number })

test('tells the newest, the last of them last', async () => {
  const { outcome, calls } = await runCommand('access', { 'access.list': { entries: [of(2), of(1)] } })
  expect(calls).toEqual([['access.list', { filter: '', limit: 100 }]])
  expect(outcome.data).toEqual([of(1), of(2)])
  expect((outcome.view as Table).rows[0]).toEqual([
    '2026-01-01T00:01:02Z',
    'a-1',
    'end',
    '-',
    '127.0.0.1:42084',
    'connect',
    'example.com:443',
    '0s',
    '180 KiB',
    '2.16 KiB',
    'ok: finished',
  ])
})

test('asks page by page for as many as are wanted, and passes over empty pages', async () => {
  const pages = [
    { entries: [of(9)], next: '1' },
    { entries: [], next: '2' },
    { entries: [of(8)], next: '3' },
  ]
  const { outcome, calls } = await runCommand('access user:bob dst:"two words" \'a b\' --last 2', {
    'access.list': pages,
  })
  const filter = 'user:bob dst:"two words" "a b"'
  expect(calls).toEqual([
    ['access.list', { filter, limit: 2 }],
    ['access.list', { filter, limit: 1, cursor: '1' }],
    ['access.list', { filter, limit: 1, cursor: '2' }],
  ])
  expect(outcome.data).toEqual([of(8), of(9)])
})

test.each(['access', 'audit'])('%s gives up a list whose pages have no end', async (line) => {
  let pages = 0
  const endless = () => ({ entries: [], next: `${++pages}` })
  const told = runCommand(line, { [`${line}.list`]: endless })
  await expect(told).rejects.toMatchObject({ message: 'the list has no end after 100000 pages' })
})

test('tells all since a moment', async () => {
  const { calls } = await runCommand('access --since 2026-01-01', { 'access.list': { entries: [] } })
  expect(calls).toEqual([['access.list', { filter: '', since: 1767225600000, limit: 500 }]])
})

test('follows: what was since a moment, what comes, and how much is missing', async () => {
  const { outcomes, calls } = await runCommand('access result:failed --follow --since 2026-01-01T00:01:03', {
    'access.subscribe': { entries: [of(1), of(2)] },
    'access.entries': [
      { entries: [of(3)], missed: 0 },
      { entries: [], missed: 7 },
    ],
  })
  expect(calls).toEqual([
    ['(events)', 'access.entries'],
    ['access.subscribe', { filter: 'result:failed', history: 500 }],
  ])
  expect(outcomes.map(({ data }) => data)).toEqual([of(2), of(3), { missed: 7 }])
})

test.each(['access --last x', 'access --last 100001', 'access --follow --last 501', 'access --since soon'])(
  'refuses %j before anything is asked',
  async (line) => {
    await expect(runCommand(line, {})).rejects.toThrow(/N |TIME /)
  },
)

test('audit tells the nodes of a fleet, finds what was done on one, and none where there is no fleet', async () => {
  const entry = { ...{ id: 1, time: 1, by: 'ann', role: 'admin', from: 'unix', action: 'login', given: {} }, count: 1 }
  const entries = [1, 2].map((id) => ({ ...entry, id, outcome: 'ok', node: `proxy-${id}` }))
  const told = await runCommand('audit node:proxy-2', { 'audit.list': () => ({ entries }) })
  expect(told.outcome.data).toEqual([entries[1]])
  expect(told.outcome.view).toMatchObject({ heading: ['TIME', 'NODE', 'BY', 'FROM', 'WHAT', 'OUTCOME'] })
  const alone = await runCommand('audit', { 'audit.list': () => ({ entries: [{ ...entry, outcome: 'ok' }] }) })
  expect(alone.outcome.view).toMatchObject({ heading: ['TIME', 'BY', 'FROM', 'WHAT', 'OUTCOME'] })
})
