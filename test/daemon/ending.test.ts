import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Ending } from '../../daemon/ending.ts'

/** An end whose clients leave when the test says so. */
function begin(patience: number, live = 1) {
  const clients = Promise.withResolvers<void>()
  const told: string[] = []
  let refusals = 0
  const ending = new Ending({
    refuseClients: () => {
      refusals++
      return clients.promise
    },
    countLive: () => live,
    patience: { drain: patience, upgrade: 86_400_000 },
    tell: (message) => told.push(message),
  })
  let hasCome = false
  void ending.come.then(() => {
    hasCome = true
  })
  return { ending, told, leave: clients.resolve, refusals: () => refusals, hasCome: () => hasCome }
}

test('a drain refuses clients once, and comes to its end when the last one has left', async () => {
  const { ending, told, leave, refusals, hasCome } = begin(60_000)
  expect(ending.isDraining).toBe(false)
  expect(ending.drain('SIGTERM')).toBe(true)
  expect(ending.drain()).toBe(false)
  expect([ending.isDraining, refusals()]).toEqual([true, 1])
  expect(told).toEqual(['SIGTERM: new clients are refused, live connections get 60 s'])
  await setImmediate()
  expect(hasCome()).toBe(false)
  leave()
  await ending.come
})

test.each([
  [0, []],
  [3, ['the drain is out of time: live connections that are cut: 3']],
])('a drain waits no longer than it may, and tells of those it cuts: %i', async (live, line) => {
  const { ending, told } = begin(0, live)
  ending.drain()
  await ending.come
  expect(told.slice(1)).toEqual(line)
})

test('a drain that is under way obeys a new time', async () => {
  const { ending } = begin(60_000)
  ending.patience = { drain: 50_000, upgrade: 0 }
  expect(ending.isDraining).toBe(false)
  ending.drain()
  ending.patience = { drain: 1, upgrade: 86_400_000 }
  await ending.come
})

test.each([true, false])('a shutdown comes at once; after a drain: %s', async (drain) => {
  const { ending } = begin(60_000)
  if (drain) ending.drain()
  ending.shutdown()
  await ending.come
})

test('a daemon that makes way ends when its clients and operators have left, in a time of its own, or drains when it is told to', async () => {
  const { ending, told, leave, refusals, hasCome } = begin(60_000)
  const operators = Promise.withResolvers<void>()
  ending.makeWay(operators.promise)
  ending.makeWay(Promise.resolve())
  expect([ending.isDraining, ending.began.aborted, ending.drains.aborted, refusals()]).toEqual([false, true, false, 1])
  // The time of a drain is not meant.
  ending.patience = { drain: 0, upgrade: 60_000 }
  leave()
  await setImmediate()
  expect([hasCome(), told]).toEqual([false, []])
  operators.resolve()
  await ending.come

  const other = begin(0)
  other.ending.makeWay(Promise.resolve())
  expect(other.ending.drain('the successor drains')).toBe(true)
  expect([other.ending.isDraining, other.ending.drains.aborted, other.refusals()]).toEqual([true, true, 1])
  await other.ending.come
})
