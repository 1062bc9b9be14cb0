import { expect, it } from 'vitest'
import { TurnRecord, turnCells } from '../../daemon/engine/turn-record.ts'
import { loopLags } from '../../daemon/observe/health.ts'
import { engines, startProxy } from '../helpers/engine.ts'
import { startTarget } from '../helpers/target.ts'

const start = 1_700_000_000_000

function record() {
  const turns = new TurnRecord(new Float64Array(turnCells))
  const turn = (began: number, milliseconds: number) => {
    turns.began(began)
    turns.took(milliseconds)
  }
  return { turns, turn }
}

it('tells the longest turn of the last ten seconds', () => {
  const { turns, turn } = record()
  expect(turns.longest(start)).toBe(0)
  turn(start, 30)
  turn(start + 100, 2)
  turn(start + 4_000, 20.5)
  turn(start + 8_000, 1)
  expect(turns.longest(start + 9_999)).toBe(30)
  expect(turns.longest(start + 10_000)).toBe(20.5)
  expect(turns.longest(start + 14_000)).toBe(1)
  expect(turns.longest(start + 18_000)).toBe(0)
})

it('forgets a second when the same place is used for another', () => {
  const { turns, turn } = record()
  turn(start, 30)
  turn(start + 10_000, 4)
  expect(turns.longest(start + 10_000)).toBe(4)
})

it('counts a turn that goes on as far as it has come', () => {
  const { turns } = record()
  turns.began(start)
  expect(turns.longest(start + 60_000)).toBe(60_000)
  turns.took(61_000)
  expect(turns.longest(start + 61_000)).toBe(61_000)
  expect(turns.longest(start + 71_000)).toBe(0)
})

it('tells how much of the last ten seconds turns took', () => {
  const { turns, turn } = record()
  expect(turns.busy(start + 500)).toBe(0)
  for (let second = 0; second < 10; second++) for (const at of [0, 500]) turn(start + 1000 * second + at, 100)
  expect(turns.busy(start + 9_999.999)).toBeCloseTo(0.2)
  // Three seconds on, those of the first three are forgotten.
  expect(turns.busy(start + 12_999.999)).toBeCloseTo(0.14)
  turns.began(start + 13_000)
  expect(turns.busy(start + 19_999)).toBeCloseTo(6_999 / 9_999)
  expect(turns.busy(start + 60_000)).toBe(1)
})

it('tells no lag of a time to come, when the clock is put back', () => {
  const { turns, turn } = record()
  turn(start, 30)
  expect(turns.longest(start - 3_600_000)).toBe(0)
})

it.runIf(process.platform === 'linux')('is kept by each loop of the linux engine', async () => {
  const linux = engines.find(({ kind }) => kind === 'linux')
  if (!linux) throw new Error('there is no linux engine')
  const proxy = await startProxy(linux.start)
  const target = await startTarget()
  // Enough for the kernel to spread over both loops.
  await Promise.all(Array.from({ length: 40 }, () => proxy.open(target.host, target.port)))
  const lags = loopLags(proxy.engine.tables)
  expect(lags).toHaveLength(proxy.engine.tables.length)
  for (const lag of lags) expect(lag).toBeGreaterThan(0)
})
