import { expect, onTestFinished, test, vi } from 'vitest'
import type { Found } from '../../daemon/names/found.ts'
import { mostLookups, Resolver } from '../../daemon/names/resolver.ts'
import { findInSystem } from '../../daemon/names/system.ts'

/** Lookups that may be waited for at once. */
const lookupsAtOnce = 64

/** A system resolver whose answers, good for 10 s, the test gives. */
function slowSystem() {
  const asked: string[] = []
  const answers: ((addresses: string[] | Error) => void)[] = []
  return {
    asked,
    answer: (...addresses: string[]) => answers.shift()?.(addresses),
    fail: () => answers.shift()?.(new Error('ENOTFOUND')),
    find: (name: string) =>
      new Promise<Found>((resolve, reject) => {
        asked.push(name)
        answers.push((result) =>
          result instanceof Error ? reject(result) : resolve({ addresses: result, lasts: 10_000 }),
        )
      }),
  }
}

async function addressesOf(resolver: Resolver, name: string): Promise<readonly string[] | undefined> {
  return (await resolver.resolve(name))?.addresses
}

const quiet = { timeout: 1000, warn: () => {} }

test('reads the hosts file', async () => {
  const addresses = await addressesOf(new Resolver({ ...quiet, find: findInSystem }), 'localhost')
  expect(addresses?.some((address) => address === '127.0.0.1' || address === '::1')).toBe(true)
})

test('a new timeout counts for the names asked for from then on', async () => {
  const system = slowSystem()
  const resolver = new Resolver({ ...quiet, find: system.find })
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  for (let i = 0; i < lookupsAtOnce; i++) void addressesOf(resolver, `${i}.test`)
  resolver.timeout = 5000
  const answer = addressesOf(resolver, 'waits.test')
  vi.setSystemTime(Date.now() + 3000)
  for (let i = 0; i < lookupsAtOnce; i++) system.answer()
  await vi.waitFor(() => expect(system.asked).toContain('waits.test'))
  system.answer('::1')
  expect(await answer).toEqual(['::1'])
})

test('an unknown name has no addresses', async () => {
  const system = slowSystem()
  const answer = addressesOf(new Resolver({ ...quiet, find: system.find }), 'nowhere.invalid')
  system.fail()
  expect(await answer).toEqual([])
})

test('keeps the order of the system', async () => {
  const system = slowSystem()
  const answer = addressesOf(new Resolver({ ...quiet, find: system.find }), 'a.test')
  system.answer('::2', '192.0.2.1', '::1')
  expect(await answer).toEqual(['::2', '192.0.2.1', '::1'])
})

test('a hundred who ask at the same time share a lookup', async () => {
  const system = slowSystem()
  const resolver = new Resolver({ ...quiet, find: system.find })
  const answers = Array.from({ length: 100 }, () => addressesOf(resolver, 'a.test'))
  system.answer('192.0.2.1')
  expect(new Set((await Promise.all(answers)).flat())).toEqual(new Set(['192.0.2.1']))
  expect(system.asked).toEqual(['a.test'])
})

test.each([
  ['addresses', ['192.0.2.1'], 10_000],
  ['that there are none', [], 3_000],
])('remembers %s, and not for longer than they are good', async (_, addresses, lasts) => {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const system = slowSystem()
  const resolver = new Resolver({ ...quiet, find: system.find })
  const first = addressesOf(resolver, 'a.test')
  system.answer(...addresses)
  await first
  vi.advanceTimersByTime(lasts - 1)
  expect(await addressesOf(resolver, 'a.test')).toEqual(addresses)
  expect(system.asked).toEqual(['a.test'])
  vi.advanceTimersByTime(1)
  const later = addressesOf(resolver, 'a.test')
  system.answer('192.0.2.2')
  expect(await later).toEqual(['192.0.2.2'])
})

test('remembers nothing for longer than half a minute, and what may not be kept not at all', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const asked: string[] = []
  const find = async (name: string) => {
    asked.push(name)
    return { addresses: ['192.0.2.1'], lasts: name === 'long.test' ? 86_400_000 : 0 }
  }
  const resolver = new Resolver({ ...quiet, find })
  for (const name of ['long.test', 'long.test', 'zero.test', 'zero.test']) await addressesOf(resolver, name)
  expect(asked).toEqual(['long.test', 'zero.test', 'zero.test'])
  vi.advanceTimersByTime(30_000)
  await addressesOf(resolver, 'long.test')
  expect(asked.slice(3)).toEqual(['long.test'])
})

test('tells for how long its answer is still good', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const resolver = new Resolver({ ...quiet, find: async () => ({ addresses: ['192.0.2.1'], lasts: 10_000 }) })
  expect(await resolver.resolve('a.test')).toEqual({ addresses: ['192.0.2.1'], lasts: 10_000 })
  vi.advanceTimersByTime(4_000)
  expect(await resolver.resolve('a.test')).toEqual({ addresses: ['192.0.2.1'], lasts: 6_000 })
})

test.each([
  ['many of one family and few of the other', 3_900, 1, [31, 1]],
  ['many of both', 100, 100, [16, 16]],
  ['many of one', 3_900, 0, [32, 0]],
  ['few', 3, 2, [3, 2]],
])('keeps at most 32 addresses, of both families, if a name has %s', async (_, four, six, kept) => {
  const ipv4 = Array.from({ length: four }, (_, n) => `127.0.${n >> 8}.${n & 255}`)
  const ipv6 = Array.from({ length: six }, (_, n) => `2001:db8::${n.toString(16)}`)
  const find = async () => ({ addresses: [...ipv4, ...ipv6], lasts: 10_000 })
  const addresses = await addressesOf(new Resolver({ ...quiet, find }), 'big.test')
  expect(addresses).toEqual([...ipv4.slice(0, kept[0]), ...ipv6.slice(0, kept[1])])
})

test('a lookup that nobody waits for any more makes place, until too many are under way', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const system = slowSystem()
  const resolver = new Resolver({ ...quiet, find: system.find })
  for (let n = 0; n < lookupsAtOnce; n++) void addressesOf(resolver, `dead${n}.test`)
  vi.advanceTimersByTime(quiet.timeout - 1)
  const answers = Array.from({ length: lookupsAtOnce }, (_, n) => addressesOf(resolver, `${n}.test`))
  expect(system.asked).toHaveLength(lookupsAtOnce)
  vi.advanceTimersByTime(1)
  expect(system.asked).toHaveLength(mostLookups)
  for (let n = 0; n < lookupsAtOnce; n++) system.answer('192.0.2.1')
  system.answer('192.0.2.2')
  expect(await answers[0]).toEqual(['192.0.2.2'])
  await vi.waitFor(() => expect(system.asked).toHaveLength(2 * lookupsAtOnce))
})

test('queues what is too much at once, first come first served', async () => {
  const system = slowSystem()
  const resolver = new Resolver({ ...quiet, find: system.find })
  const names = Array.from({ length: lookupsAtOnce + 2 }, (_, n) => `${n}.test`)
  const answers = names.map((name) => addressesOf(resolver, name))
  expect(system.asked).toEqual(names.slice(0, lookupsAtOnce))
  for (const n of names.keys()) {
    system.answer(`192.0.2.${n}`)
    expect(await answers[n]).toEqual([`192.0.2.${n}`])
  }
  expect(system.asked).toEqual(names)
})

test('a name that waited too long is not looked up any more', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  try {
    const system = slowSystem()
    const resolver = new Resolver({ ...quiet, find: system.find })
    const first = Array.from({ length: lookupsAtOnce }, (_, n) => addressesOf(resolver, `${n}.test`))
    const stale = addressesOf(resolver, 'stale.test')
    vi.setSystemTime(Date.now() + quiet.timeout + 1)
    const fresh = addressesOf(resolver, 'fresh.test')
    system.answer('192.0.2.1')
    await first[0]
    expect(await stale).toBeUndefined()
    expect(system.asked.slice(lookupsAtOnce)).toEqual(['fresh.test'])
    for (const _ of first) system.answer('192.0.2.2')
    expect(await fresh).toEqual(['192.0.2.2'])
  } finally {
    vi.useRealTimers()
  }
})

test('refuses names beyond its queue, with one warning for all of them', async () => {
  const system = slowSystem()
  const warn = vi.fn()
  const resolver = new Resolver({ timeout: 1000, warn, find: system.find })
  for (let n = 0; n < lookupsAtOnce + 4096; n++) void addressesOf(resolver, `${n}.test`)
  expect(await addressesOf(resolver, 'one.test')).toBeUndefined()
  expect(await addressesOf(resolver, 'two.test')).toBeUndefined()
  expect(warn).toHaveBeenCalledTimes(1)
})

test('tells how many names wait, how many failed of late, and how slow the slowest answer was', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const system = slowSystem()
  const resolver = new Resolver({ ...quiet, find: system.find })
  expect(resolver.health).toEqual({ pending: 0, failed: 0, slowest: 0 })
  const first = addressesOf(resolver, 'a.test')
  vi.advanceTimersByTime(30)
  const second = addressesOf(resolver, 'b.test')
  expect(resolver.health.pending).toBe(2)
  system.answer('192.0.2.1')
  await first
  expect(resolver.health).toEqual({ pending: 1, failed: 0, slowest: 30 })
  vi.advanceTimersByTime(20)
  system.fail()
  await second
  expect(resolver.health).toEqual({ pending: 0, failed: 1, slowest: 30 })
  vi.advanceTimersByTime(60_000)
  expect(resolver.health).toEqual({ pending: 0, failed: 0, slowest: 0 })
})

test('counts as failed what was found too late, or never looked up', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const system = slowSystem()
  const resolver = new Resolver({ ...quiet, find: system.find })
  const late = addressesOf(resolver, 'late.test')
  vi.advanceTimersByTime(quiet.timeout + 1)
  system.answer('192.0.2.1')
  expect(await late).toEqual(['192.0.2.1'])
  expect(resolver.health).toMatchObject({ failed: 1, slowest: quiet.timeout + 1 })
  for (let n = 0; n < lookupsAtOnce + 4096; n++) void addressesOf(resolver, `${n}.test`)
  await addressesOf(resolver, 'refused.test')
  expect(resolver.health).toMatchObject({ pending: lookupsAtOnce + 4096, failed: 2 })
})
