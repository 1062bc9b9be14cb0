import { expect, it } from 'vitest'
import { LimitLines, limitLineMemory } from '../../daemon/engine/shared/limit-lines.ts'
import { ConnectionsElsewhere, heldByLimited } from '../../daemon/limits/connections-elsewhere.ts'

const none = { group: 0, rateUp: undefined, rateDown: undefined, maxConnections: undefined, maxSources: undefined }

/** One process of a daemon: what users are called there, by their indices from 1 on. */
function begin(...names: string[]) {
  const lines = new LimitLines(limitLineMemory())
  const accounts = {
    highestIndex: names.length,
    nameOf: (index: number) => names[index - 1],
    named: (name: string) => (names.includes(name) ? ({ index: names.indexOf(name) + 1 } as never) : undefined),
  }
  const limit = (index: number, maxConnections: number) => lines.set(index, { ...none, maxConnections })
  return {
    lines,
    limit,
    tell: () => heldByLimited(accounts, lines),
    elsewhere: new ConnectionsElsewhere(accounts, lines),
  }
}

it('bounds the connections of a user over all processes, whatever their indices there', () => {
  const [first, second, third] = [begin('ann', 'bob', 'eve'), begin('eve', 'bob'), begin('bob')]
  first.limit(2, 3)
  first.limit(3, 9)
  second.limit(2, 3)
  third.limit(1, 3)
  for (const index of [1, 2, 3]) first.lines.enter(index)
  expect(first.tell()).toEqual([
    ['bob', 1],
    ['eve', 1],
  ])
  second.elsewhere.follow(first.tell())
  expect([second.lines.enter(2), second.tell()]).toEqual([true, [['bob', 2]]])
  third.elsewhere.follow(second.tell())
  expect([third.lines.enter(1), third.lines.enter(1)]).toEqual([true, false])
  // Those of the first end, and with them perhaps its process.
  second.elsewhere.follow([])
  third.elsewhere.follow(second.tell())
  expect([second.lines.connections(1), third.lines.enter(1), third.lines.enter(1)]).toEqual([0, true, false])
})
