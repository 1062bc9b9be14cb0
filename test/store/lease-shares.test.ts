import fc from 'fast-check'
import { expect, it } from 'vitest'
import { grant, type Stake, stakeOf } from '../../daemon/store/lease-shares.ts'
import type { LeaseAsk } from '../../daemon/store/store.ts'

const MiB = 2 ** 20
const none: LeaseAsk = {
  user: 1,
  limits: { quota: undefined, maxConnections: undefined, rateUp: undefined, rateDown: undefined },
  unused: 0,
  wantsBytes: 0,
  live: 0,
  wantsSlots: 0,
  wantsUp: 0,
  wantsDown: 0,
}
const nothing: Stake = { bytes: 0, slots: 0, wantsSlots: 0, live: 0, wantsUp: 0, wantsDown: 0 }
const byBytes = (quota: number, more: Partial<LeaseAsk> = {}) => ({
  ...none,
  limits: { ...none.limits, quota },
  ...more,
})
const byCount = (maxConnections: number, more: Partial<LeaseAsk>) => {
  return { ...none, limits: { ...none.limits, maxConnections }, ...more }
}
const byRate = (rateDown: number, more: Partial<LeaseAsk>) => ({
  ...none,
  limits: { ...none.limits, rateDown },
  ...more,
})

it('says nothing of limits that a user has not', () => {
  expect(grant(none, undefined, [nothing], 0)).toEqual({
    ...{ user: 1, bytes: undefined, slots: undefined, rateUp: undefined, rateDown: undefined, contested: false },
  })
})

it('gives a node alone half of what is left of a quota at most, and the last of it at once', () => {
  expect(grant(byBytes(1024 * MiB, { wantsBytes: 2048 * MiB }), undefined, [], 0).bytes).toBe(512 * MiB)
  expect(grant(byBytes(1024 * MiB, { wantsBytes: 4 * MiB }), undefined, [], 0).bytes).toBe(4 * MiB)
  expect(grant(byBytes(1024 * MiB, { wantsBytes: MiB }), undefined, [], 1024 * MiB - 7).bytes).toBe(7)
  expect(grant(byBytes(1024 * MiB, { wantsBytes: MiB }), undefined, [], 1024 * MiB + 7).bytes).toBe(0)
})

it('leaves a node what it has of a quota, and takes nothing from the others', () => {
  const others = [{ ...nothing, bytes: 900 * MiB }]
  expect(grant(byBytes(1000 * MiB, { unused: 60 * MiB }), undefined, others, 0).bytes).toBe(60 * MiB)
  expect(grant(byBytes(1000 * MiB, { unused: 60 * MiB, wantsBytes: 500 * MiB }), undefined, others, 0).bytes).toBe(
    70 * MiB,
  )
})

it('never has nodes hold more of a quota, or of connections, than there is, whoever asks for what, and deals out all in the end', () => {
  const asks = fc.array(
    fc.record({
      node: fc.nat(3),
      wantsBytes: fc.nat(64 * MiB),
      spends: fc.double({ min: 0, max: 1, noNaN: true }),
      wantsSlots: fc.nat(30),
      leaves: fc.nat(10),
    }),
    { maxLength: 60 },
  )
  fc.assert(
    fc.property(asks, fc.integer({ min: 1, max: 200 * MiB }), fc.nat(25), (asks, quota, maxConnections) => {
      const stakes = new Map<number, Stake>()
      let used = 0
      for (const { node, wantsBytes, spends, wantsSlots, leaves } of asks) {
        const own = stakes.get(node) ?? nothing
        const others = [...stakes].filter(([name]) => name !== node).map(([, stake]) => stake)
        const spent = Math.floor(own.bytes * spends)
        used += spent
        // As many as may be came, and some of them have gone.
        const live = Math.max(0, own.slots - leaves)
        const limits = { ...none.limits, quota, maxConnections }
        const ask = { ...none, limits, unused: own.bytes - spent, wantsBytes, live, wantsSlots }
        const lease = grant(ask, own, others, used)
        expect(lease.bytes).toBeGreaterThanOrEqual(ask.unused)
        expect(lease.slots).toBeGreaterThanOrEqual(Math.max(live, Math.min(own.slots, wantsSlots)))
        stakes.set(node, stakeOf(ask, lease))
        const held = [...stakes.values()]
        expect(used + held.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(quota)
        expect(held.reduce((sum, { slots }) => sum + slots, 0)).toBeLessThanOrEqual(maxConnections)
      }
    }),
  )
})

it('gives a node that asks again and again all places of a user, but leaves a part to those that have too few', () => {
  let own: Stake | undefined
  const got = [1, 2, 3, 4].map(() => {
    const ask = byCount(20, { live: own?.slots ?? 0, wantsSlots: 50 })
    const lease = grant(ask, own, [], 0)
    own = stakeOf(ask, lease)
    return lease.slots
  })
  expect(got).toEqual([15, 19, 20, 20])
  expect(grant(byCount(20, { wantsSlots: 50 }), undefined, [{ ...nothing, slots: 19 }], 0).slots).toBe(1)
  const starving = { ...nothing, slots: 4, wantsSlots: 9 }
  expect(grant(byCount(20, { wantsSlots: 50 }), undefined, [starving], 0)).toMatchObject({ slots: 8, contested: true })
  expect(grant(byCount(20, { live: 3, wantsSlots: 3 }), { ...nothing, slots: 16 }, [starving], 0).slots).toBe(3)
})

it('leaves a node its connections when the limit has become less, and gives nobody another one', () => {
  const lowered = byCount(5, { live: 8, wantsSlots: 9 })
  const lease = grant(lowered, { ...nothing, slots: 8 }, [], 0)
  expect(lease.slots).toBe(5)
  expect(grant(byCount(5, { wantsSlots: 1 }), undefined, [stakeOf(lowered, lease)], 0).slots).toBe(0)
})

it('shares a rate by connections among nodes that take whatever there is', () => {
  const greedy = { wantsDown: Number.POSITIVE_INFINITY }
  expect(grant(byRate(1_000_000, { live: 1, ...greedy }), undefined, [], 0).rateDown).toBe(1_000_000)
  const other = { ...nothing, live: 1, ...greedy }
  expect(grant(byRate(1_000_000, { live: 1, ...greedy }), undefined, [other], 0).rateDown).toBe(500_000)
  expect(grant(byRate(1_000_000, { live: 3, ...greedy }), undefined, [other], 0).rateDown).toBe(737_500)
})

it('gives nobody more of a rate than they want while others want more, and wastes nothing', () => {
  const rates = fc.array(
    fc.record({ live: fc.nat(9), wants: fc.oneof(fc.nat(2_000_000), fc.constant(Number.POSITIVE_INFINITY)) }),
    { minLength: 1, maxLength: 8 },
  )
  fc.assert(
    fc.property(rates, (nodes) => {
      const shares = nodes.map(({ live, wants }, i) => {
        const others = nodes
          .filter((_, j) => j !== i)
          .map((other) => ({ ...nothing, live: other.live, wantsDown: other.wants }))
        return grant(byRate(1_000_000, { live, wantsDown: wants }), undefined, others, 0).rateDown ?? 0
      })
      const sum = shares.reduce((a, b) => a + b, 0)
      expect(sum).toBeLessThanOrEqual(1_000_000)
      expect(sum).toBeGreaterThan(1_000_000 - 2 * nodes.length)
      for (const [i, { wants }] of nodes.entries()) {
        const isContent = (shares[i] ?? 0) >= wants
        const hasMost = nodes.every(
          ({ live }, j) =>
            (shares[i] ?? 0) / Math.max(1, nodes[i]?.live ?? 0) >=
            (0.9 * ((shares[j] ?? 0) - 50_000)) / Math.max(1, live),
        )
        expect(isContent || hasMost).toBe(true)
      }
    }),
  )
})
