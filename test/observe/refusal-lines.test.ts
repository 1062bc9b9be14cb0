import { expect, it } from 'vitest'
import { SessionTable } from '../../daemon/engine/session-table.ts'
import { eachSource, LimitLines, limitLineMemory } from '../../daemon/engine/shared/limit-lines.ts'
import { byLimits, byRules, RefusalLines } from '../../daemon/observe/refusal-lines.ts'

it('tells of each user whom rules refused something once a look, with the count of all loops', () => {
  const tables = [new SessionTable(2), new SessionTable(2)] as const
  const told: string[] = []
  const lines = new RefusalLines(byRules(tables), (line) => told.push(line))
  const look = () => lines.look(100, (index) => `u${index}`)
  look()
  expect(told).toEqual([])
  for (const table of tables) for (let i = 0; i < 3; i++) table.forbiddenBy(0, 17)
  tables[1].user[1] = 9
  tables[1].forbiddenBy(1, 2)
  look()
  look()
  expect(told.splice(0)).toEqual([
    'rules refused clients without a login 6 times, such as rule 17',
    'rules refused user "u9" 1 time, such as rule 2',
  ])
  for (let user = 1; user <= 60; user++) {
    tables[0].user[0] = user
    tables[0].forbiddenBy(0, 18)
  }
  look()
  expect(told).toHaveLength(51)
  expect(told.at(-1)).toBe('rules refused 10 more users something')
})

it('tells of users and of sources whom limits refused something', () => {
  const limits = new LimitLines(limitLineMemory())
  const told: string[] = []
  const lines = new RefusalLines(byLimits(limits), (line) => told.push(line))
  const look = () => lines.look(100, (index) => `u${index}`)
  limits.refuse(7)
  limits.refuse(7)
  for (let i = 0; i < 3; i++) limits.refuse(eachSource)
  look()
  look()
  expect(told.splice(0)).toEqual([
    'limits refused 3 connections of sources that have too many',
    'limits refused user "u7" 2 times',
  ])
  // Another user has the index now.
  limits.clear(7)
  limits.refuse(7)
  look()
  expect(told).toEqual(['limits refused user "u7" 1 time'])
})
