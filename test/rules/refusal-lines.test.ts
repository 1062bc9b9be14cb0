import { expect, it } from 'vitest'
import { SessionTable } from '../../daemon/engine/session-table.ts'
import { RefusalLines } from '../../daemon/rules/refusal-lines.ts'

it('tells of each user once a look, with the count of all loops', () => {
  const tables = [new SessionTable(2), new SessionTable(2)] as const
  const told: string[] = []
  const lines = new RefusalLines(tables, (line) => told.push(line))
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
