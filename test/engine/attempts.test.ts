import { describe, expect, it } from 'vitest'
import { Reason } from '../../daemon/engine/session-table.ts'
import { inTurns, tellsAsMuch, untilNextAttempt } from '../../daemon/engine/shared/happy-eyeballs.ts'

describe('the addresses of a name', () => {
  it.each([
    [[], []],
    [['4a'], ['4a']],
    [
      ['6a', '6b', '4a', '4b'],
      ['6a', '4a', '6b', '4b'],
    ],
    [
      ['4a', '4b', '4c', '6a'],
      ['4a', '6a', '4b', '4c'],
    ],
    [
      ['6a', '4a', '4b', '4c'],
      ['6a', '4a', '4b', '4c'],
    ],
  ])('%j are tried in the order %j', (addresses, order) => {
    expect(inTurns(addresses, (address) => address.startsWith('6'))).toEqual(order)
  })
})

describe('the next attempt', () => {
  it.each([
    ['begins after 250 ms', [15_000, 3, true], 250],
    ['begins sooner if time is short', [600, 3, true], 150],
    ['waits for its share if too many are under way', [12_000, 3, false], 3_000],
    ['is none for the last address, which has all the time', [12_000, 0, true], 12_000],
  ] as const)('%s', (_, [left, untried, mayBeginBeside], milliseconds) => {
    expect(untilNextAttempt(left, untried, mayBeginBeside)).toBe(milliseconds)
  })
})

it('tells the failure that says most of the destination, the later of two alike', () => {
  const reasons = ['refused', 'timedOut', 'unreachable', 'forbidden', 'failed'] as const
  for (const [i, more] of reasons.entries())
    for (const less of reasons.slice(i)) {
      expect(tellsAsMuch(Reason[more], Reason[less])).toBe(true)
      expect(tellsAsMuch(Reason[less], Reason[more])).toBe(less === more)
    }
})
