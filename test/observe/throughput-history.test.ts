import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { ThroughputHistory } from '../../daemon/observe/throughput-history.ts'
import { Refusal } from '../../daemon/refusal.ts'

const hour = 3_600_000
const day = 24 * hour
const now = Date.UTC(2026, 0, 31, 12, 30)

beforeEach(() => void vi.useFakeTimers({ now, toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

/** A daemon that started half an hour ago. */
function past(rows: readonly { start: number; up: number; down: number }[]) {
  const wishes: object[] = []
  const unknown = Array(235).fill(null)
  return {
    wishes,
    past: new ThroughputHistory({
      recent(_, user) {
        if (user === 'nobody') throw new Refusal('not_found', 'there is no such user')
        return { step: 360_000, end: now, up: [...unknown, 1, 1, 1, 1, 1], down: [...unknown, 2, 2, 2, 2, 2] }
      },
      async read(wish) {
        wishes.push(wish)
        return rows
      },
      idOf: (user) => (user === 'bob' ? 7 : user === null ? 0 : undefined),
    }),
  }
}

it('tells of a day, where memory knows nothing, what was moved in each hour', async () => {
  const at = Date.UTC(2026, 0, 31, 9)
  const { past: told, wishes } = past([{ start: at, up: 3600, down: 7200 }])
  const { up, down } = await told.throughput({ range: '24h' })
  expect(wishes).toEqual([{ user: undefined, since: now - day - hour / 2, until: now, by: 'hour' }])
  const first = (at - (now - day)) / 360_000
  expect(up.slice(first - 1, first + 11)).toEqual([null, ...Array(10).fill(1), null])
  expect(down.slice(first - 1, first + 11)).toEqual([null, ...Array(10).fill(2), null])
  expect(up.slice(-5)).toEqual([1, 1, 1, 1, 1])
})

it('tells what was moved in the hour of the start, however soon after the full hour that was', async () => {
  const { past: told } = past([{ start: Date.UTC(2026, 0, 31, 12), up: 1800 + 360, down: 3600 }])
  const { up, down } = await told.throughput({ range: '24h' })
  expect(up.slice(-6)).toEqual([null, 2, 1, 1, 1, 1])
  expect(down.slice(-6)).toEqual([null, 2, 2, 2, 2, 2])
})

it('tells what was moved in an hour in which no step has begun yet', async () => {
  const { past: told } = past([{ start: Date.UTC(2026, 0, 31, 13), up: 360, down: 720 }])
  const { up, down } = await told.throughput({ range: '24h' })
  expect([up.at(-1), down.at(-1)]).toEqual([1, 2])
})

it('tells of longer ranges what hours and days say, and of the one that goes on by what has passed of it', async () => {
  const [thisHour, today] = [Date.UTC(2026, 0, 31, 12), Date.UTC(2026, 0, 31)]
  const hours = past([
    { start: thisHour, up: 1800, down: 3600 },
    { start: thisHour - hour, up: 3600, down: 0 },
  ])
  const month = await hours.past.throughput({ range: '31d', user: 'bob' })
  expect(hours.wishes).toMatchObject([{ user: 7, by: 'hour', until: thisHour + hour }])
  expect([month.step, month.end, month.up.length]).toEqual([hour, thisHour + hour, 744])
  expect(month.up.slice(-3)).toEqual([null, 1, 1])
  expect(month.down.slice(-3)).toEqual([null, 0, 2])
  const days = past([{ start: today, up: 45_000, down: 90_000 }])
  const year = await days.past.throughput({ range: '400d', user: null })
  expect(days.wishes).toMatchObject([{ user: 0, by: 'day' }])
  expect([year.up.length, year.up.at(-1), year.down.at(-1)]).toEqual([400, 1, 2])
})

it('knows nothing of who is not stored, and refuses who is not there', async () => {
  const { past: told, wishes } = past([])
  expect((await told.throughput({ range: '31d', user: 'flag' })).up).toEqual(Array(744).fill(null))
  expect(wishes).toEqual([])
  await expect(told.throughput({ range: '400d', user: 'nobody' })).rejects.toThrow('there is no such user')
})
