import { describe, expect, it } from 'vitest'
import { type Ban, Penalties, sourceNetwork } from '../../daemon/access/penalties.ts'
import { parseAddress } from '../../daemon/net/address.ts'
import { formatNetwork, type Network, parseNetwork } from '../../daemon/net/network.ts'

const second = 1000
const day = 86_400 * second

function bytes(text: string): Uint8Array {
  return parseAddress(text)?.bytes ?? new Uint8Array()
}

function start({ most = 100, isKnown = (_network: Network, _now: number): boolean => false } = {}) {
  const changes: string[] = []
  const bans: Ban[] = []
  const penalties = new Penalties({
    most,
    isKnown,
    changed: (ban, isBanned) => {
      changes.push(`${isBanned ? 'ban' : 'lift'} ${formatNetwork(ban.network)}`)
      if (isBanned) bans.push(ban)
    },
  })
  penalties.exempt([parseNetwork('127.0.0.0/8'), parseNetwork('::1')])
  let guesses = 0
  /** The bans that it brought about. */
  const guess = (from: string, now: number) => {
    penalties.note(bytes(from), 'login', now, guesses++)
    return bans.splice(0)
  }
  return { penalties, changes, bans, guess }
}

function byOperator(source: string, until: number): Ban {
  return { network: parseNetwork(source), since: 0, until, reason: 'operator', by: 'alice' }
}

describe('penalties', () => {
  it('keep out whoever guesses three passwords, until the penalty has passed', () => {
    const { penalties, changes, guess } = start()
    expect([guess('192.0.2.1', 0), guess('192.0.2.1', 0)]).toEqual([[], []])
    expect(guess('192.0.2.1', 0)).toMatchObject([{ since: 0, until: 15 * second, reason: 'login', by: null }])
    penalties.expire(15 * second - 1)
    expect(penalties.bans).toHaveLength(1)
    penalties.expire(15 * second)
    expect(penalties.bans).toEqual([])
    expect(changes).toEqual(['ban 192.0.2.1', 'lift 192.0.2.1'])
  })

  it('pass by themselves: who fails once in a while is not kept out', () => {
    const { guess } = start()
    for (let i = 0; i < 100; i++) expect(guess('192.0.2.1', i * 6 * second)).toEqual([])
  })

  it('are twice as long for who comes back and goes on, a day at most', () => {
    const { penalties, guess } = start()
    const lengths: number[] = []
    for (let now = 0; lengths.length < 16; ) {
      const [ban] = guess('192.0.2.1', now)
      if (!ban) continue
      lengths.push((ban.until - ban.since) / second)
      now = ban.until
      penalties.expire(now)
    }
    expect(lengths.slice(0, 4)).toEqual([15, 30, 60, 120])
    expect(lengths.at(-1)).toBe(86_400)
    const later = 13 * day
    penalties.expire(later)
    const bans = [1, 2, 3].flatMap(() => guess('192.0.2.1', later))
    expect(bans).toMatchObject([{ until: later + 15 * second }])
  })

  it('do not grow by what comes to light while the ban lasts', () => {
    const { penalties, guess } = start()
    for (let i = 0; i < 100; i++) guess('192.0.2.1', 0)
    penalties.expire(15 * second)
    expect(guess('192.0.2.1', 15 * second)).toEqual([])
  })

  it('do not count one stale password again, though a browser tries it thirty times', () => {
    const { penalties, bans } = start()
    const counted = Array.from({ length: 30 }, () => penalties.note(bytes('192.0.2.1'), 'login', 0, 7))
    expect(counted.filter((each) => each)).toHaveLength(1)
    expect(bans).toEqual([])
  })

  it('count logins that are crowded out where one has failed, and nowhere else', () => {
    const { penalties, bans, guess } = start()
    for (let i = 0; i < 100; i++) penalties.note(bytes('192.0.2.1'), 'crowding', 0)
    expect(bans).toEqual([])
    guess('192.0.2.1', 0)
    for (let i = 0; i < 10; i++) penalties.note(bytes('192.0.2.1'), 'crowding', 0)
    expect(bans).toMatchObject([{ until: 15 * second, reason: 'login' }])
  })

  it('count other nuisances for less', () => {
    const { penalties, bans } = start()
    for (let i = 0; i < 14; i++) penalties.note(bytes('192.0.2.1'), 'malformed', 0)
    expect(bans).toEqual([])
    penalties.note(bytes('192.0.2.1'), 'malformed', 0)
    expect(bans).toMatchObject([{ reason: 'malformed' }])
  })

  it('keep nobody out for what a web page can have a browser do, but for a flood of it', () => {
    const { penalties, bans } = start()
    // As many as a browser has at once, each until its time is up, or as fast as they go: a minute of it.
    for (let now = 0; now < 60 * second; now += 10 * second)
      for (let i = 0; i < 256; i++) penalties.noteSilence(bytes('2001:db8::1'), 10 * second, now)
    for (let now = 0; now < 60 * second; now += 0.5) penalties.note(bytes('192.0.2.1'), 'unsupported', now)
    expect(bans).toEqual([])
    for (let now = 60 * second; now < 120 * second; now += 10 * second)
      for (let i = 0; i < 500; i++) penalties.noteSilence(bytes('2001:db8::1'), 10 * second, now)
    for (let now = 60 * second; now < 70 * second; now += 0.1) penalties.note(bytes('192.0.2.1'), 'unsupported', now)
    expect(bans).toMatchObject([{ reason: 'silent' }, { reason: 'malformed' }])
  })

  it('take all addresses of a /64 for one source, and of a /48 for one that does very much', () => {
    const { changes, guess } = start()
    let guesses = 0
    const guessIn = (subnet: number) => guess(`2001:db8:0:${subnet.toString(16)}::${(guesses++).toString(16)}`, 0)
    for (let i = 0; i < 3; i++) guessIn(1)
    expect(changes).toEqual(['ban 2001:db8:0:1::/64'])
    for (let subnet = 2; changes.length < 2; subnet++) guessIn(subnet)
    expect(changes[1]).toBe('ban 2001:db8::/48')
    // Those behind the first three came to nothing of their own: a source each.
    expect(guesses).toBe(24)
  })

  it('never keep out who is exempt, or where somebody logged in well within a day', () => {
    const known = sourceNetwork(bytes('192.0.2.1'), 64)
    const isKnown = (network: Network, now: number) => formatNetwork(network) === formatNetwork(known) && now < day
    const { guess } = start({ isKnown })
    for (let i = 0; i < 99; i++) {
      expect(guess('127.0.0.1', 0)).toEqual([])
      expect(guess('::1', 0)).toEqual([])
      expect(guess('192.0.2.1', day - 1)).toEqual([])
    }
    expect([1, 2, 3].map(() => guess('192.0.2.1', day).length)).toEqual([0, 0, 1])
  })

  it('look seldom whether somebody has logged in well from a /48, which takes long', () => {
    let looks = 0
    const isKnown = ({ prefix }: Network) => prefix === 48 && ++looks > 0
    const { penalties } = start({ isKnown })
    for (let i = 0; i < 6_000; i++) penalties.note(bytes(`2001:db8:1:${(i % 600).toString(16)}::1`), 'malformed', 0)
    expect(looks).toBeGreaterThan(0)
    expect(looks).toBeLessThanOrEqual(6_000 / 120)
  })

  it('keep out no network that somebody exempt is in', () => {
    const { penalties, changes, guess } = start()
    penalties.exempt([parseNetwork('2001:db8:0:1::5')])
    for (let i = 0; i < 100; i++) guess('2001:db8:0:1::6', 0)
    for (let i = 0; i < 100; i++) guess('2001:db8:0:2::6', 0)
    expect(changes).toEqual(['ban 2001:db8:0:2::/64'])
    penalties.exempt([parseNetwork('2001:db8::/32')])
    expect(changes).toEqual(['ban 2001:db8:0:2::/64', 'lift 2001:db8:0:2::/64'])
  })

  it('remember a bounded number of sources', () => {
    const { penalties, guess } = start()
    guess('192.0.2.1', 0)
    guess('192.0.2.1', 0)
    for (let i = 0; i < 32_768; i++) penalties.note(Uint8Array.of(9, i >> 16, i >> 8, i), 'malformed', 0)
    expect(guess('192.0.2.1', 0)).toEqual([])
  })

  it('keep out a bounded number of sources: what ends first makes room, but no operator’s word does', () => {
    const { penalties, changes, guess } = start({ most: 2 })
    expect(penalties.ban(byOperator('192.0.2.9', 5 * second))).toBe(true)
    for (const from of ['192.0.2.1', '192.0.2.2']) for (let i = 0; i < 3; i++) guess(from, 0)
    expect(changes).toEqual(['ban 192.0.2.9', 'ban 192.0.2.1', 'lift 192.0.2.1', 'ban 192.0.2.2'])
    expect(penalties.ban(byOperator('192.0.2.8', Number.POSITIVE_INFINITY))).toBe(true)
    expect(penalties.ban(byOperator('192.0.2.7', 0))).toBe(false)
    for (let i = 0; i < 3; i++) guess('192.0.2.3', 0)
    expect(penalties.bans.map(({ network }) => formatNetwork(network))).toEqual(['192.0.2.9', '192.0.2.8'])
  })

  it('are forgotten with a ban that is lifted', () => {
    const { penalties, guess } = start()
    for (let i = 0; i < 3; i++) guess('192.0.2.1', 0)
    expect(penalties.lift(parseNetwork('192.0.2.1'))).toMatchObject({ reason: 'login' })
    expect(penalties.lift(parseNetwork('192.0.2.1'))).toBeUndefined()
    const [again] = [1, 2, 3].flatMap(() => guess('192.0.2.1', 0))
    expect(again).toMatchObject({ until: 15 * second })
  })
})
