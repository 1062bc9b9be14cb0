import { expect, it } from 'vitest'
import { Accounts, noLimits } from '../../daemon/access/accounts.ts'
import { Groups } from '../../daemon/access/groups.ts'
import { scryptParameters } from '../../daemon/access/password-hash.ts'
import { LimitLines, limitLineMemory } from '../../daemon/engine/shared/limit-lines.ts'
import { EffectiveLimits } from '../../daemon/limits/effective-limits.ts'
import { nearLimits } from '../../daemon/limits/near-limits.ts'

const password = { ...scryptParameters, salt: Buffer.alloc(16), key: Buffer.alloc(32) }
const unlimited = { group: 0, rateUp: undefined, rateDown: undefined, maxConnections: undefined, maxSources: undefined }

function begin() {
  const accounts = new Accounts()
  const lines = new LimitLines(limitLineMemory())
  const moved = new Map<number, number>()
  let now = 0
  const add = (name: string, limits: Record<string, number> = {}) => {
    const { index } = accounts.add({ name, id: 1, password, enabled: true, created: 0, ...noLimits, limits })
    lines.set(index, { ...unlimited, maxConnections: limits['max-connections'], maxSources: limits['max-sources'] })
    lines.setQuota(index, limits.quota === undefined ? undefined : 1)
    return index
  }
  const usage = { used: (index: number) => moved.get(index) ?? 0 }
  const near = nearLimits({ accounts, effective: new EffectiveLimits(new Groups()), usage, lines }, 20, () => now)
  const later = () => {
    now += 1_000
    return near()
  }
  return { add, lines, moved, near, later }
}

it('are users with all the connections or sources that they may have, and those who have used most of a quota', () => {
  const { add, lines, moved, later } = begin()
  add('ann')
  const bob = add('bob', { 'max-connections': 2, 'max-sources': 1, quota: 1000 })
  const cid = add('cid', { quota: 1000, warn: 50 })
  lines.enter(bob)
  moved.set(bob, 899).set(cid, 499)
  expect(later()).toEqual([])
  lines.enter(bob)
  lines.countSource(bob, 1)
  moved.set(bob, 900).set(cid, 1200)
  expect(later()).toEqual([
    { user: 'bob', limit: 'max-connections', used: 2, most: 2 },
    { user: 'bob', limit: 'max-sources', used: 1, most: 1 },
    { user: 'bob', limit: 'quota', used: 900, most: 1000 },
    { user: 'cid', limit: 'quota', used: 1200, most: 1000 },
  ])
})

it('are looked for once a second, whoever asks, and told as many as anybody reads', () => {
  const { add, near, later } = begin()
  for (let i = 0; i < 30; i++) add(`u${i}`, { 'max-connections': 0 })
  expect(near()).toHaveLength(20)
  add('a', { 'max-connections': 0 })
  expect(near()[0]?.user).toBe('u0')
  expect(later()[0]?.user).toBe('a')
})

it('are told of each user by name, however many stand before', () => {
  const { add, near } = begin()
  for (const name of [...Array(30).keys(), 'zoe']) add(`${name}`, { 'max-connections': 0 })
  expect(near('zoe')).toEqual([{ user: 'zoe', limit: 'max-connections', used: 0, most: 0 }])
  expect(near('nobody')).toEqual([])
})
