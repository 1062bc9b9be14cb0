import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Ending } from '../../daemon/ending.ts'
import { Refusal } from '../../daemon/refusal.ts'

/** An end whose clients leave when the test says so. */
function begin(patience: number, live = 1) {
  const clients = Promise.withResolvers<void>()
  const told: string[] = []
  const watched: boolean[] = []
  const admission = { answer: async () => {} }
  let refusals = 0
  const ending = new Ending({
    refuseClients: () => {
      refusals++
      return clients.promise
    },
    admitClients: () => admission.answer(),
    countLive: () => live,
    patience: { drain: patience, upgrade: 86_400_000 },
    tell: (message) => told.push(message),
  })
  ending.watch((drains) => watched.push(drains))
  let hasCome = false
  void ending.come.then(() => {
    hasCome = true
  })
  const leave = clients.resolve
  return { ending, told, watched, admission, leave, refusals: () => refusals, hasCome: () => hasCome }
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
  const { ending, told, watched, leave, refusals, hasCome } = begin(60_000)
  const operators = Promise.withResolvers<void>()
  ending.makeWay(operators.promise)
  ending.makeWay(Promise.resolve())
  expect([ending.isDraining, ending.began.aborted, watched, refusals()]).toEqual([false, true, [], 1])
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
  expect([other.ending.isDraining, other.watched, other.refusals()]).toEqual([true, [true], 1])
  await other.ending.come
})

test('a drain that is taken back ends nothing, however often, and may begin anew', async () => {
  const { ending, watched, leave, refusals, hasCome } = begin(60_000)
  await expect(ending.undrain()).rejects.toThrow('the daemon does not drain')
  for (let i = 1; i <= 2; i++) {
    ending.drain()
    expect([ending.isDraining, ending.began.aborted, refusals()]).toEqual([true, true, i])
    await ending.undrain()
    expect([ending.isDraining, ending.began.aborted]).toEqual([false, false])
  }
  expect(watched).toEqual([true, false, true, false])
  // Its time would be over, and the last client of then has left.
  ending.patience = { drain: 0, upgrade: 0 }
  leave()
  await setImmediate()
  expect(hasCome()).toBe(false)
  ending.drain()
  await ending.come
  await expect(ending.undrain()).rejects.toThrow(/^the daemon ends \(/)
})

test('a drain goes on if clients cannot be taken again, and if a signal asks for it', async () => {
  const { ending, admission, leave, refusals, watched } = begin(60_000)
  ending.drain()
  admission.answer = () => Promise.reject(new Refusal('unavailable', 'the port is taken'))
  await expect(ending.undrain()).rejects.toThrow('the port is taken')
  expect([ending.isDraining, refusals()]).toEqual([true, 2])
  // The signal comes while the sockets are being opened.
  const { promise, resolve } = Promise.withResolvers<void>()
  admission.answer = () => promise
  const undrained = ending.undrain()
  await expect(ending.undrain()).rejects.toThrow('is about to')
  expect(ending.stop('SIGTERM')).toBe(true)
  resolve()
  await expect(undrained).rejects.toThrow('the daemon ends (SIGTERM) and takes no clients any more: start it anew')
  expect([ending.isDraining, refusals(), watched]).toEqual([true, 3, [true]])
  leave()
  await ending.come
})

test('a drain that is asked for while one is being taken back goes on, and both are told', async () => {
  const { ending, admission, told, watched, refusals, leave } = begin(60_000)
  ending.drain()
  const { promise, resolve } = Promise.withResolvers<void>()
  admission.answer = () => promise
  const undrained = ending.undrain()
  expect([ending.drain(), ending.drain()]).toEqual([true, false])
  resolve()
  await expect(undrained).rejects.toMatchObject({ kind: 'conflict', message: expect.stringContaining('drain anew') })
  expect([ending.isDraining, ending.began.aborted, refusals(), told.length, watched]).toEqual([
    true,
    true,
    2,
    2,
    [true],
  ])
  admission.answer = async () => {}
  await ending.undrain()
  expect(ending.isDraining).toBe(false)
  ending.drain()
  leave()
  await ending.come
})

test('a daemon that makes way has the time of an upgrade again once a drain is taken back, and takes no clients', async () => {
  const { ending, admission, refusals, hasCome } = begin(0)
  const { promise, resolve } = Promise.withResolvers<void>()
  admission.answer = () => expect.fail('its successor takes them')
  ending.makeWay(promise)
  ending.patience = { drain: 60_000, upgrade: 86_400_000 }
  ending.drain('the successor drains')
  await ending.undrain()
  ending.patience = { drain: 0, upgrade: 86_400_000 }
  await setImmediate()
  expect([ending.isDraining, ending.began.aborted, refusals(), hasCome()]).toEqual([false, true, 1, false])
  resolve()
})

test('a daemon is lost with its successor, unless the end was asked for', async () => {
  const { ending, told, leave } = begin(60_000)
  ending.makeWay(Promise.resolve())
  expect([ending.lose(), ending.isLost, ending.isDraining]).toEqual([true, true, true])
  expect(told).toEqual(['the successor has gone: new clients are refused, live connections get 60 s'])
  leave()
  await ending.come

  const leaving = begin(60_000)
  leaving.ending.makeWay(Promise.resolve())
  leaving.leave()
  await leaving.ending.come
  expect([leaving.ending.lose(), leaving.ending.isLost]).toEqual([true, true])

  const ends: ((ending: Ending) => void)[] = [
    (ending) => ending.drain(),
    (ending) => ending.shutdown(),
    (ending) => ending.outlive(),
  ]
  for (const end of ends) {
    const { ending } = begin(60_000)
    ending.makeWay(Promise.resolve())
    end(ending)
    expect([ending.lose(), ending.isLost]).toEqual([false, false])
  }
})
