import { expect, it } from 'vitest'
import { SessionTable } from '../../daemon/engine/session-table.ts'
import { eachSource, LimitLines, limitLineMemory, RefusingLimit } from '../../daemon/engine/shared/limit-lines.ts'
import { SourceLines } from '../../daemon/engine/shared/source-lines.ts'
import { mapped, parseAddress } from '../../daemon/net/address.ts'
import { byLimits, byRules, type Refuser, tellRefusals } from '../../daemon/observe/refusal-lines.ts'

function looking(refuser: Refuser) {
  return (): string[] => {
    const told: string[] = []
    tellRefusals(refuser, { highestIndex: 100, nameOf: (index) => `u${index}` }, (line) => told.push(line))
    return told
  }
}

function sourceTable() {
  const sources = new SourceLines(SourceLines.memory())
  const lineOf = (literal: string) => sources.enter(mapped(parseAddress(literal)?.bytes ?? new Uint8Array(4)), 0, 10)
  return { sources, lineOf }
}

it('tells of each user and each other source whom rules refused something, once a look, with the count of all loops', () => {
  const tables = [new SessionTable(2), new SessionTable(2)] as const
  const { sources, lineOf } = sourceTable()
  const look = looking(byRules(tables, sources))
  expect(look()).toEqual([])
  for (const table of tables) for (let i = 0; i < 3; i++) table.forbiddenBy(0, 17)
  for (let i = 0; i < 3; i++) sources.forbid(lineOf('192.0.2.1'), 17)
  for (let i = 0; i < 2; i++) sources.forbid(lineOf('2001:db8:0:7::1'), 16 + i)
  tables[1].user[1] = 9
  tables[1].forbiddenBy(1, 2)
  expect(look()).toEqual([
    'rules refused 192.0.2.1 3 times, last by rule 17',
    'rules refused 2001:db8:0:7::/64 2 times, last by rule 17',
    'rules refused clients of other addresses 1 time, last by rule 17',
    'rules refused user "u9" 1 time, last by rule 2',
  ])
  expect(look()).toEqual([])
  for (let user = 1; user <= 60; user++) {
    tables[0].user[0] = user
    tables[0].forbiddenBy(0, 18)
  }
  const many = look()
  expect([many.length, many.at(-1)]).toEqual([51, 'rules refused 10 more something'])
})

it('tells of users and of sources which limits refused them something, and their values', () => {
  const lines = new LimitLines(limitLineMemory())
  const { sources, lineOf } = sourceTable()
  const limits = { 'max-connections': 5, quota: 50_000_000_000 } as Record<string, number>
  const settings = { 'max-connections-source': 100, 'connect-rate-source': 20 }
  const look = looking(
    byLimits({ lines, sources, limitOf: (_, name) => limits[name], settingOf: (name) => settings[name] }),
  )
  const { share, maxConnections, quota, sources: networks, connectRate } = RefusingLimit
  for (const by of [maxConnections, maxConnections, quota, networks, share]) lines.refuse(7, by)
  for (const by of [maxConnections, connectRate]) {
    lines.refuse(eachSource, by)
    sources.refuse(lineOf('192.0.2.1'), by)
  }
  expect(look()).toEqual([
    'limits refused 192.0.2.1 2 times, last by connect-rate-source=20',
    'limits refused user "u7" 5 times: 1 by their share of all connections, 2 by max-connections=5, 1 by sources, 1 by quota=50GB',
  ])
  expect(look()).toEqual([])
  // Another user has the index now.
  lines.clear(7)
  lines.refuse(7, maxConnections)
  expect(look()).toEqual(['limits refused user "u7" 1 time: 1 by max-connections=5'])
})

it('tells of no source that has taken the place of the one that was refused', () => {
  const { sources, lineOf } = sourceTable()
  const line = lineOf('192.0.2.1')
  sources.refuse(line, RefusingLimit.maxConnections)
  sources.leave(line, 2)
  let wasReplaced = false
  for (let i = 0; i < 500_000 && !wasReplaced; i++) {
    const other = lineOf(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`)
    wasReplaced = other === line
    if (!wasReplaced) sources.leave(other, 3)
  }
  expect(wasReplaced).toBe(true)
  expect(sources.takeRefused('limits')).toEqual([])
})
