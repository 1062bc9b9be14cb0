import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { Bans } from '../../daemon/access/bans.ts'
import { LateChanges } from '../../daemon/access/late-changes.ts'
import { parseLiteral } from '../../daemon/net/address.ts'
import { formatNetwork, type Network } from '../../daemon/net/network.ts'
import { type BanStore, StoreError } from '../../daemon/store/store.ts'
import type { Ban } from '../../shared/protocol/methods.ts'

const minute = 60_000
const day = 24 * 60 * minute
const address = (text: string) => parseLiteral(text) ?? new Uint8Array(4)
const bob = Buffer.from('bob')

describe('bans', () => {
  /** What is on the disk. */
  let kept: Map<string, Ban>
  let diskIsFull: boolean
  let lines: string[]
  let warnings: string[]
  let out: string[]
  /** Of which the store was told that they have passed. */
  let passed: string[]
  /** How often the loops were told. */
  let orders: number
  /** Milliseconds: of the clock that only goes forward, and how far the one on the wall is ahead of it. */
  let time: number
  let ahead: number

  beforeEach(() => {
    kept = new Map()
    diskIsFull = false
    lines = []
    warnings = []
    out = []
    passed = []
    orders = 0
    time = 1_000
    ahead = 1_700_000_000_000
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
  })

  const store: BanStore = {
    list: async () => [...kept.values()],
    async save(changes) {
      if (diskIsFull) throw new StoreError('failed', 'the disk is full')
      for (const [source, ban] of changes) {
        if (ban === 'passed') passed.push(source)
        if (ban && ban !== 'passed') kept.set(source, ban)
        else kept.delete(source)
      }
    },
  }

  async function load({ most = 100, exempt = ['127.0.0.0/8'] } = {}): Promise<Bans> {
    const late = new LateChanges(() => {}, 100)
    const options = {
      store,
      late,
      most,
      isKnown: () => false,
      keepOut(networks: readonly Network[]) {
        out = networks.map(formatNetwork)
        orders++
      },
      tell: (line: string) => void lines.push(line),
      warn: (message: string) => void warnings.push(message),
      tellTime: (at: number) => Math.round(at + ahead),
      now: () => time,
    }
    const bans = await Bans.load(options, exempt)
    onTestFinished(async () => {
      await bans.close()
      await late.close()
    })
    return bans
  }

  function guess(bans: Bans, from: string, guesses: number, first = 0): void {
    for (let i = first; i < first + guesses; i++) bans.loginFailed(address(from), bob, i, 'wrong_password')
  }

  async function passes(milliseconds: number): Promise<void> {
    time += milliseconds
    await vi.advanceTimersByTimeAsync(milliseconds)
  }

  it('are earned, told, stored and over by themselves', async () => {
    const bans = await load()
    guess(bans, '192.0.2.1', 3)
    await Promise.resolve()
    expect(out).toEqual(['192.0.2.1'])
    expect(lines.slice(2)).toEqual([
      '192.0.2.1 is banned for 15s: wrong passwords',
      'auth_failed ip=192.0.2.1 user=bob reason=wrong_password',
    ])
    await passes(1_000)
    const since = 1_700_000_001_000
    const ban = { source: '192.0.2.1', since, until: since + 15_000, reason: 'login', by: null }
    expect([...kept.values()]).toEqual([ban])
    expect(bans.list()).toEqual([ban])
    await passes(16_000)
    expect([out, bans.list(), [...kept.values()]]).toEqual([[], [], []])
    // In a store that nodes share that is not for one of them to say, whose clock may be ahead.
    expect(passed).toEqual(['192.0.2.1'])
    const { source } = (await bans.add('192.0.2.2', 60, 'alice', true)).ban
    await bans.remove(source)
    expect(passed).toEqual(['192.0.2.1'])
    await passes(1_000)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('are taken over as another daemon has stored them', async () => {
    const bans = await load()
    await bans.add('192.0.2.1', undefined, 'alice', true)
    await bans.add('192.0.2.2', 60, 'alice', true)
    await bans.add('192.0.2.3', 60, 'alice', true)
    const there = await load()
    await there.remove('192.0.2.1')
    await there.add('192.0.2.2', 600, 'bob', true)
    guess(there, '192.0.2.4', 3)
    await there.store()
    const before = kept.size
    await bans.adopt(new Set(['192.0.2.1', '192.0.2.2', '192.0.2.4']))
    expect(bans.list()).toEqual(there.list())
    expect(out).toEqual(['192.0.2.3', '192.0.2.2', '192.0.2.4'])
    const known = orders
    await bans.adopt('all')
    await bans.store()
    expect([orders, kept.size]).toEqual([known, before])
  })

  it('that are stored of what is no source are left out with a warning, and the others act', async () => {
    const good: Ban = { source: '192.0.2.1', since: 0, until: null, reason: 'operator', by: 'alice' }
    for (const source of ['2q3.0.113.9', '0.0.0.0/0', good.source]) kept.set(source, { ...good, source })
    const bans = await load()
    expect(bans.list().map(({ source }) => source)).toEqual(['192.0.2.1'])
    const warning =
      '2 stored bans left out, the first since "2q3.0.113.9" is no address or network: ban anew whom it was about, and ' +
      "forget them with 'unban damaged'"
    expect(warnings).toEqual([warning])
    kept.set('192.0.2.2', { ...good, source: '192.0.2.2' })
    kept.set('192.0.2.q', { ...good, source: '192.0.2.q' })
    await bans.adopt(new Set(['192.0.2.2', '192.0.2.q']))
    expect(bans.list().map(({ source }) => source)).toEqual(['192.0.2.1', '192.0.2.2'])
    expect(warnings.slice(1)).toEqual([
      expect.stringMatching(/^1 stored ban left out, since "192\.0\.2\.q" is no address/),
    ])
  })

  it('that are stored of what is no source can be forgotten, here and where another daemon has', async () => {
    const good: Ban = { source: '192.0.2.1', since: 0, until: null, reason: 'operator', by: 'alice' }
    const lost = ['2q3.0.113.9', `192.0.2.${'1'.repeat(9_000)}`]
    for (const source of [...lost, good.source]) kept.set(source, { ...good, source })
    const [bans, there] = [await load(), await load()]
    expect(Math.max(...warnings.map(({ length }) => length))).toBeLessThan(300)
    expect(await bans.remove('damaged')).toEqual({ lifted: [], stored: true })
    expect([...kept.keys()]).toEqual(['192.0.2.1'])
    await there.adopt(new Set(lost))
    for (const each of [bans, there]) await expect(each.remove('damaged')).rejects.toMatchObject({ kind: 'not_found' })
    expect(bans.list()).toHaveLength(1)
  })

  it.each<[string, object]>([
    ['an end', { until: 1e300 }],
    ['a beginning', { since: Number.NaN }],
    ['a reason', { reason: 'whim' }],
  ])('of a source hold until they are lifted where %s means nothing', async (_, damage) => {
    const earned: Ban = { source: '192.0.2.1', since: 0, until: ahead + minute, reason: 'login', by: null }
    kept.set(earned.source, { ...earned, ...damage })
    const bans = await load()
    await bans.store()
    const until = expect.objectContaining({ source: '192.0.2.1', until: null, reason: 'operator', by: 'nobody' })
    expect([bans.list(), [...kept.values()]]).toEqual([[until], [until]])
    expect(warnings).toEqual(["the stored ban of 192.0.2.1 is damaged, and holds until 'unban'"])
    await bans.remove('192.0.2.1')
    expect(kept.size).toBe(0)
  })

  it('of a source that is written in another way are lifted for good', async () => {
    const ban: Ban = { source: '2001:DB8:1:0::7', since: 0, until: null, reason: 'operator', by: 'alice' }
    kept.set(ban.source, ban)
    const bans = await load()
    expect(bans.list()).toMatchObject([{ source: '2001:db8:1::/64' }])
    await bans.store()
    expect([...kept.keys()]).toEqual(['2001:db8:1::/64'])
    await bans.remove('2001:db8:1::/64')
    expect(kept.size).toBe(0)
  })

  it('that act and are not stored yet are not undone by what another daemon has stored', async () => {
    const bans = await load()
    await bans.add('192.0.2.1', 60, 'alice', true)
    diskIsFull = true
    await bans.remove('192.0.2.1')
    await bans.add('192.0.2.2', 60, 'alice', true)
    await expect(bans.adopt('all')).rejects.toThrow(StoreError)
    diskIsFull = false
    await bans.adopt('all')
    expect(bans.list().map(({ source }) => source)).toEqual(['192.0.2.2'])
    expect([...kept.keys()]).toEqual(['192.0.2.2'])
  })

  it('last as long as they were to, however the clock on the wall is set meanwhile', async () => {
    const bans = await load()
    await bans.add('192.0.2.1', 60, 'alice', true)
    ahead += 365 * day
    await passes(59_000)
    expect(out).toEqual(['192.0.2.1'])
    ahead -= 3 * 365 * day
    await passes(2_000)
    expect(out).toEqual([])
  })

  it('go on after a restart for what was left, and for no longer where the clock was set back meanwhile', async () => {
    await (await load()).add('192.0.2.1', 60, 'alice', true)
    time = 5
    ahead += 30_000
    await load()
    expect(out).toEqual(['192.0.2.1'])
    await passes(29_000)
    expect(out).toEqual(['192.0.2.1'])
    await passes(3_000)
    expect(out).toEqual([])
    await (await load()).add('192.0.2.2', 60, 'alice', true)
    ahead -= 365 * day
    const bans = await load()
    await passes(61_000)
    expect(bans.list()).toEqual([])
  })

  it("that begun elsewhere do not shorten an operator's, be they over already", async () => {
    const bans = await load()
    const { ban } = await bans.add('192.0.2.1', undefined, 'alice', true)
    for (const until of [time + ahead + 10_000, time + ahead - 1])
      bans.goOnWith([{ source: '192.0.2.1', since: time + ahead - 5_000, until, reason: 'login', by: null }])
    expect(bans.list()).toEqual([ban])
    await passes(20_000)
    expect([out, [...kept.values()]]).toEqual([['192.0.2.1'], [ban]])
  })

  it('are longer the next time, over a restart too', async () => {
    guess(await load(), '192.0.2.1', 3)
    await passes(1_000)
    const bans = await load()
    await passes(15_000)
    expect(bans.list()).toEqual([])
    guess(bans, '192.0.2.1', 3, 10)
    const [again] = bans.list()
    expect(again && (again.until ?? 0) - again.since).toBe(30_000)
  })

  it('act though the disk takes nothing, and are stored once it does', async () => {
    const bans = await load()
    diskIsFull = true
    const { stored } = await bans.add('192.0.2.1', undefined, 'alice', true)
    expect([stored, out]).toEqual([false, ['192.0.2.1']])
    expect((await bans.remove('192.0.2.1')).stored).toBe(false)
    expect(out).toEqual([])
    await bans.add('192.0.2.2', undefined, 'alice', true)
    diskIsFull = false
    await passes(1_000)
    expect([...kept.keys()]).toEqual(['192.0.2.2'])
  })

  it.each([
    ['192.0.2.0/24', 'invalid'],
    ['2001:db8::/32', 'invalid'],
    ['2001:db8::/56', 'invalid'],
    ['example.com', 'invalid'],
    ['192.0.2.1/24', 'invalid'],
    ['127.0.0.1', 'conflict'],
    ['::ffff:127.0.0.1', 'conflict'],
  ])('are no operator’s word of %s', async (source, kind) => {
    await expect((await load()).add(source, 60, 'alice', true)).rejects.toMatchObject({ kind })
  })

  it('are of the /64 that an address is in, and lifted for an address with all that it is in', async () => {
    const bans = await load()
    expect((await bans.add('2001:db8:1:2::9', 60, 'alice', true)).ban.source).toBe('2001:db8:1:2::/64')
    await bans.add('2001:db8:1::/48', 60, 'alice', true)
    const { lifted } = await bans.remove('2001:db8:1:2::7')
    expect(lifted.map(({ source }) => source)).toEqual(['2001:db8:1:2::/64', '2001:db8:1::/48'])
    await expect(bans.remove('2001:db8:1:2::7')).rejects.toMatchObject({ kind: 'not_found' })
  })

  it('are told to the loops once, however many are over at a time', async () => {
    const bans = await load()
    for (let i = 0; i < 50; i++) guess(bans, `192.0.2.${i}`, 3)
    await passes(1_000)
    expect([out.length, orders]).toEqual([50, 1])
    await passes(20_000)
    expect([out.length, orders]).toEqual([0, 2])
  })

  it('are no more than there can be', async () => {
    const bans = await load({ most: 2 })
    for (const source of ['192.0.2.1', '192.0.2.2']) await bans.add(source, undefined, 'alice', true)
    await expect(bans.add('192.0.2.3', 60, 'alice', true)).rejects.toMatchObject({ kind: 'conflict' })
    guess(bans, '192.0.2.4', 10)
    expect(bans.list()).toHaveLength(2)
  })

  it('by operators who are no admins leave a quarter of the places to admins and to what is earned', async () => {
    const bans = await load({ most: 8 })
    const add = (i: number, mayFill: boolean) => bans.add(`192.0.2.${i}`, undefined, 'bob', mayFill)
    for (let i = 1; i <= 6; i++) await add(i, false)
    await expect(add(7, false)).rejects.toMatchObject({ kind: 'conflict', message: expect.stringContaining('admins') })
    // One that there is may be made anew, and what was earned takes nobody's place.
    await add(6, false)
    guess(bans, '198.51.100.1', 10)
    expect(bans.list()).toHaveLength(7)
    await add(7, true)
    await add(8, true)
    await expect(add(9, true)).rejects.toMatchObject({ kind: 'conflict' })
  })

  it('and failed logins are told in a hundred lines a second, the rest by a count', async () => {
    const bans = await load()
    for (let i = 0; i < 250; i++) guess(bans, `198.51.100.${i}`, 1)
    expect(lines).toHaveLength(100)
    await passes(1_000)
    expect(lines.slice(100)).toEqual(['left out 150 more lines of failed logins and bans in a second'])
    guess(bans, '192.0.2.1', 1)
    expect(lines).toHaveLength(102)
  })
})
