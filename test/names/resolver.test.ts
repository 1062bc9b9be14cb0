import { expect, onTestFinished, test, vi } from 'vitest'
import type { Asker } from '../../daemon/engine/engine.ts'
import { type Family, noAddresses } from '../../daemon/names/families.ts'
import { Resolver, type ResolverOptions } from '../../daemon/names/resolver.ts'
import { eventually } from '../helpers/eventually.ts'

/** Lookups at once, of which one account has half at most. */
const room = 64
const share = room / 2
/** Names that may wait, half of them on one account. */
const waitingShare = 2048

/** Somebody at 192.0.2.`host`, who waits until they leave. */
function asker(host = 1, user = 0): Asker & { leave(): void } {
  let isThere = true
  return {
    user,
    source: Uint8Array.of(...Array(10).fill(0), 255, 255, 192, 0, 2, host),
    isWaiting: () => isThere,
    leave() {
      isThere = false
    },
  }
}

/** A system of one family, whose answers, good for 10 s, the test gives in the order of the questions. */
function slowSystem() {
  const asked: string[] = []
  const answers: ((family: Family) => void)[] = []
  return {
    asked,
    answer: (...addresses: string[]) => answers.shift()?.({ addresses, lasts: 10_000 }),
    find: (name: string) => {
      asked.push(name)
      return { ipv6: Promise.resolve(noAddresses), ipv4: new Promise<Family>((resolve) => answers.push(resolve)) }
    },
  }
}

function makeResolver(options: Pick<ResolverOptions, 'find'> & Partial<ResolverOptions>): Resolver {
  return new Resolver({ timeout: 10_000, room, warn: () => {}, findLocally: () => undefined, ...options })
}

/** A resolver whose lookups the test answers. */
function setUp(options: Partial<ResolverOptions> = {}) {
  const system = slowSystem()
  const resolver = makeResolver({ find: system.find, ...options })
  const ask = async (name: string, who: Asker = asker()) => (await resolver.resolve(name, who))?.addresses
  return { system, resolver, ask }
}

/** A resolver that finds the same of all names at once. */
function answering(
  addresses: readonly string[],
  lasts: number,
  findLocally: ResolverOptions['findLocally'] = () => undefined,
) {
  const asked: string[] = []
  const find = (name: string) => {
    asked.push(name)
    return { ipv6: Promise.resolve(noAddresses), ipv4: Promise.resolve({ addresses, lasts }) }
  }
  return { asked, resolver: makeResolver({ find, findLocally }) }
}

/** From now on time stands still. */
function stopTime(): void {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
}

test('an unknown name has no addresses', async () => {
  const { system, ask } = setUp()
  const answer = ask('nowhere.invalid')
  system.answer()
  expect(await answer).toEqual([])
})

test('a hundred who ask at the same time share a lookup', async () => {
  const { system, ask } = setUp()
  const answers = Array.from({ length: 100 }, (_, host) => ask('a.test', asker(host)))
  system.answer('192.0.2.1')
  expect(new Set((await Promise.all(answers)).flat())).toEqual(new Set(['192.0.2.1']))
  expect(system.asked).toEqual(['a.test'])
})

test.each([
  ['addresses', ['192.0.2.1'], 10_000],
  ['that there are none', [], 3_000],
])('remembers %s, and not for longer than they are good', async (_, addresses, lasts) => {
  stopTime()
  const { system, ask } = setUp()
  const first = ask('a.test')
  system.answer(...addresses)
  await first
  vi.advanceTimersByTime(lasts - 1)
  expect(await ask('a.test')).toEqual(addresses)
  expect(system.asked).toEqual(['a.test'])
  vi.advanceTimersByTime(1)
  const later = ask('a.test')
  system.answer('192.0.2.2')
  expect(await later).toEqual(['192.0.2.2'])
})

test('remembers nothing for longer than half a minute, and what may not be kept not at all', async () => {
  stopTime()
  const long = answering(['192.0.2.1'], 86_400_000)
  const zero = answering(['192.0.2.1'], 0)
  for (let i = 0; i < 2; i++) await long.resolver.resolve('long.test', asker())
  for (let i = 0; i < 2; i++) await zero.resolver.resolve('zero.test', asker())
  expect([long.asked.length, zero.asked.length]).toEqual([1, 2])
  vi.advanceTimersByTime(30_000)
  await long.resolver.resolve('long.test', asker())
  expect(long.asked).toHaveLength(2)
})

test('tells for how long its answer is still good', async () => {
  stopTime()
  const { resolver } = answering(['192.0.2.1'], 10_000)
  expect(await resolver.resolve('a.test', asker())).toEqual({ addresses: ['192.0.2.1'], lasts: 10_000 })
  vi.advanceTimersByTime(4_000)
  expect(await resolver.resolve('a.test', asker())).toEqual({ addresses: ['192.0.2.1'], lasts: 6_000 })
})

test('tells what is there when one family is late, and both as soon as it has come', async () => {
  const late = Promise.withResolvers<Family>()
  const ipv4 = Promise.resolve({ addresses: ['192.0.2.1'], lasts: 10_000 })
  const find = vi.fn(() => ({ ipv6: late.promise, ipv4 }))
  const resolver = makeResolver({ find })
  const early = await resolver.resolve('a.test', asker())
  expect(early).toEqual({ addresses: ['192.0.2.1'], lasts: 1_000 })
  expect((await resolver.resolve('a.test', asker()))?.addresses).toEqual(['192.0.2.1'])
  late.resolve({ addresses: ['2001:db8::1'], lasts: 10_000 })
  await late.promise
  await eventually(async () => {
    const whole = await resolver.resolve('a.test', asker())
    expect(whole?.addresses.toSorted()).toEqual(['192.0.2.1', '2001:db8::1'])
  })
  expect(find).toHaveBeenCalledTimes(1)
})

test('waits for a family if the other has no addresses', async () => {
  stopTime()
  const { system, ask } = setUp()
  const answer = ask('a.test')
  await vi.advanceTimersByTimeAsync(5_000)
  system.answer('192.0.2.1')
  expect(await answer).toEqual(['192.0.2.1'])
})

test('queues what is too much at once, first come first served', async () => {
  const { system, ask } = setUp()
  const names = Array.from({ length: share + 2 }, (_, n) => `${n}.test`)
  const answers = names.map((name) => ask(name))
  expect(system.asked).toEqual(names.slice(0, share))
  for (const n of names.keys()) {
    system.answer(`192.0.2.${n}`)
    expect(await answers[n]).toEqual([`192.0.2.${n}`])
  }
  expect(system.asked).toEqual(names)
})

test('what is known without a lookup waits for none', async () => {
  const local = new Map([['localhost', ['127.0.0.1']]])
  const { system, ask } = setUp({ findLocally: (name) => local.get(name) })
  for (let n = 0; n < 3_000; n++) void ask(`dead${n}.test`)
  expect(await ask('localhost')).toEqual(['127.0.0.1'])
  expect(system.asked).not.toContain('localhost')
})

test.each([
  ['a source', asker(1), asker(2)],
  ['a user', asker(1, 7), asker(1, 8)],
  ['a user at one place', asker(1, 7), asker(2, 7)],
  ['somebody without a login', asker(1), asker(1, 7)],
])('%s whose names are never answered keeps nobody else waiting', async (_, greedy, other) => {
  const { system, ask } = setUp()
  for (let n = 0; n < 3_000; n++) void ask(`dead${n}.test`, greedy)
  expect(system.asked).toHaveLength(share)
  void ask('other.test', other)
  expect(system.asked.at(-1)).toBe('other.test')
})

test('a user at many places does not get all there is', () => {
  const { system, ask } = setUp()
  for (let host = 0; host < 200; host++) for (let n = 0; n < 10; n++) void ask(`${host}-${n}.test`, asker(host, 7))
  expect(system.asked.length).toBeLessThan(0.7 * room)
  void ask('other.test', asker(1, 8))
  expect(system.asked.at(-1)).toBe('other.test')
})

test('those who wait have their turns, however much one of them asks for', async () => {
  const { system, ask } = setUp()
  for (let host = 1; host <= 30; host++) for (let n = 0; n < 100; n++) void ask(`full${host}-${n}.test`, asker(host))
  const before = system.asked.length
  for (let n = 0; n < 500; n++) void ask(`greedy${n}.test`, asker(100))
  void ask('modest.test', asker(101))
  for (let i = 0; i < before + 64; i++) {
    system.answer('192.0.2.1')
    await Promise.resolve()
  }
  await eventually(() => expect(system.asked).toContain('modest.test'))
  expect(system.asked.filter((name) => name.startsWith('greedy')).length).toBeLessThan(100)
})

test('whoever asks for a name that somebody greedy waits for does not wait behind them', async () => {
  const { system, ask } = setUp()
  const greedy = asker(1)
  for (let n = 0; n < 1_000; n++) void ask(`dead${n}.test`, greedy)
  const answer = ask('dead999.test', asker(2))
  expect(system.asked.at(-1)).toBe('dead999.test')
  for (let i = 0; i <= share; i++) system.answer('192.0.2.1')
  expect(await answer).toEqual(['192.0.2.1'])
})

test('lookups that nobody waits for any more give their place to others on the same account', async () => {
  stopTime()
  const { system, ask } = setUp()
  const gone = Array.from({ length: 400 }, () => asker())
  const answers = gone.map((who, n) => ask(`dead${n}.test`, who))
  const waits = ask('alive.test')
  expect(system.asked).toHaveLength(share)
  for (const who of gone) who.leave()
  vi.advanceTimersByTime(250)
  expect(system.asked.slice(share)).toEqual(['alive.test'])
  // Those still queued are never looked up.
  expect(await Promise.all(answers.slice(share))).toEqual(Array(400 - share).fill(undefined))
  for (let i = 0; i <= share; i++) system.answer('192.0.2.1')
  expect(await waits).toEqual(['192.0.2.1'])
  expect(system.asked).toHaveLength(share + 1)
})

test('whoever comes and goes all the time does not get everything that way', () => {
  stopTime()
  const { system, ask } = setUp()
  for (let round = 0; round < 20; round++) {
    const gone = Array.from({ length: 100 }, () => asker())
    for (const [n, who] of gone.entries()) void ask(`${round}-${n}.test`, who)
    for (const who of gone) who.leave()
    vi.advanceTimersByTime(250)
  }
  expect(system.asked.length).toBeLessThan(0.7 * room)
  void ask('other.test', asker(2))
  expect(system.asked.at(-1)).toBe('other.test')
})

test('nothing is looked up for a client that has left, nor for one that has waited too long', async () => {
  stopTime()
  const { system, resolver, ask } = setUp()
  const gone = asker()
  gone.leave()
  expect(await ask('gone.test', gone)).toBeUndefined()
  for (let n = 0; n < share; n++) void ask(`${n}.test`)
  const stale = ask('stale.test')
  resolver.timeout = 20_000
  const fresh = ask('fresh.test')
  vi.advanceTimersByTime(11_000)
  expect(await stale).toBeUndefined()
  expect(system.asked.slice(share)).toEqual(['fresh.test'])
  for (let i = 0; i <= share; i++) system.answer('192.0.2.2')
  expect(await fresh).toEqual(['192.0.2.2'])
})

test('refuses names beyond a share of its queue, and says so, and takes those of others', async () => {
  const warn = vi.fn()
  const { system, ask } = setUp({ warn })
  for (let n = 0; n < share + waitingShare; n++) void ask(`${n}.test`)
  expect(warn).not.toHaveBeenCalled()
  expect(await ask('one.test')).toBeUndefined()
  expect(warn).toHaveBeenCalledWith(expect.stringContaining('too many names wait'))
  void ask('other.test', asker(2))
  expect(system.asked).toContain('other.test')
})

test('tells how many names wait, how many failed of late, and how slow the slowest answer was', async () => {
  stopTime()
  const { system, resolver, ask } = setUp()
  expect(resolver.health).toEqual({ pending: 0, failed: 0, slowest: 0 })
  const first = ask('a.test')
  vi.advanceTimersByTime(30)
  const second = ask('b.test')
  expect(resolver.health.pending).toBe(2)
  system.answer('192.0.2.1')
  await first
  expect(resolver.health).toEqual({ pending: 1, failed: 0, slowest: 30 })
  vi.advanceTimersByTime(20)
  system.answer()
  await second
  expect(resolver.health).toEqual({ pending: 0, failed: 1, slowest: 30 })
  vi.advanceTimersByTime(60_000)
  expect(resolver.health).toEqual({ pending: 0, failed: 0, slowest: 0 })
})

test('counts as failed what was found too late, or refused, and not what its client has left', async () => {
  stopTime()
  const { system, resolver, ask } = setUp()
  const late = ask('late.test')
  vi.advanceTimersByTime(11_001)
  system.answer('192.0.2.1')
  expect(await late).toEqual(['192.0.2.1'])
  expect(resolver.health).toMatchObject({ failed: 1, slowest: 11_001 })
  const everybody = Array.from({ length: share + waitingShare }, () => asker())
  for (const [n, who] of everybody.entries()) void ask(`${n}.test`, who)
  await ask('refused.test')
  expect(resolver.health).toMatchObject({ pending: share + waitingShare, failed: 2 })
  for (const who of everybody) who.leave()
  vi.advanceTimersByTime(250)
  expect(resolver.health).toMatchObject({ pending: share, failed: 2 })
})
