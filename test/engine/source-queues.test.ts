import fc from 'fast-check'
import { expect, it } from 'vitest'
import { SourceQueues } from '../../daemon/engine/shared/source-queues.ts'

function queues(...items: readonly string[]): SourceQueues<string> {
  const made = new SourceQueues<string>()
  for (const item of items) made.add(item.charAt(0), item)
  return made
}

function all(next: () => string | undefined): string[] {
  const taken: string[] = []
  for (let item = next(); item !== undefined; item = next()) taken.push(item)
  return taken
}

it('sources have turns, in each who came first', () => {
  const waiting = queues('a1', 'a2', 'a3', 'b1', 'c1', 'b2')
  expect(all(() => waiting.take())).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3'])
  expect([waiting.length, waiting.longest]).toEqual([0, 0])
})

it('what there is no room for is the first of the longest queue', () => {
  const waiting = queues('a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1')
  expect([waiting.drop(), waiting.drop(), waiting.length, waiting.longest]).toEqual(['a1', 'a2', 5, 2])
  expect([waiting.lengthOf('a'), waiting.lengthOf('d')]).toEqual([2, 0])
  waiting.add('c', 'c2')
  waiting.add('c', 'c3')
  expect(waiting.drop()).toBe('c1')
  expect(all(() => waiting.drop())).toHaveLength(6)
  expect([waiting.length, waiting.longest]).toEqual([0, 0])
})

it('in a queue they keep their order, whoever comes and goes', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('add', 'add', 'take', 'drop'), { maxLength: 100 }), (moves) => {
      const waiting = new SourceQueues<number>()
      const expected: number[] = []
      for (const [i, move] of moves.entries()) {
        expect([waiting.nextToDrop, waiting.lengthOf('a')]).toEqual([expected[0], expected.length])
        if (move === 'add') expected.push(i)
        if (move === 'add') waiting.add('a', i)
        else expect(waiting[move]()).toBe(expected.shift())
      }
    }),
  )
})
