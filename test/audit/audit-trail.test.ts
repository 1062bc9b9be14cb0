import { expect, it, onTestFinished } from 'vitest'
import { AuditTrail, type AuditTrailOptions, type NewEntry } from '../../daemon/audit/audit-trail.ts'
import type { AuditStore } from '../../daemon/store/store.ts'
import type { AuditEntry } from '../../shared/protocol/methods.ts'
import { eventually } from '../helpers/eventually.ts'

const done: NewEntry = {
  by: 'ann',
  role: 'admin',
  from: 'unix',
  action: 'users.add',
  given: { name: 'bob' },
  outcome: 'ok',
}
const failed: NewEntry = { ...done, by: null, role: 'anyone', action: 'login', given: {}, outcome: 'auth_failed' }

/** A store that takes entries as long as its disk does. */
class FakeStore implements AuditStore {
  readonly entries: Omit<AuditEntry, 'id'>[] = []
  isFull = false
  refused = 0

  async append(entries: readonly Omit<AuditEntry, 'id'>[]): Promise<number[]> {
    if (this.isFull) {
      this.refused++
      throw new Error('the disk is full')
    }
    this.entries.push(...entries)
    return entries.map((_, at) => this.entries.length - entries.length + at + 1)
  }

  async list(): Promise<AuditEntry[]> {
    return []
  }
}

function begin(options: Partial<AuditTrailOptions> = {}) {
  const store = new FakeStore()
  const warnings: string[] = []
  const trail = new AuditTrail({ store, warn: (message) => warnings.push(message), pause: 1, ...options })
  onTestFinished(() => trail.close())
  return { store, trail, warnings }
}

it('stores entries in their order, and what has come by the end', async () => {
  const { store, trail } = begin()
  for (const name of ['a', 'b', 'c']) trail.enter({ ...done, given: { name } })
  await trail.close()
  expect(store.entries.map(({ given }) => given.name)).toEqual(['a', 'b', 'c'])
})

it('makes one entry of the failures of one kind that follow one another', async () => {
  const { store, trail } = begin()
  for (let i = 0; i < 1000; i++) trail.enterFailure(failed)
  trail.enterFailure({ ...failed, from: 'tls 192.0.2.7' })
  await trail.close()
  expect(store.entries.map(({ from, count }) => [from, count])).toEqual([
    ['unix', 1],
    ['tls 192.0.2.7', 1],
    ['unix', 999],
  ])
})

it('does not let strangers from many places fill it', async () => {
  const { store, trail } = begin()
  for (let i = 0; i < 10_000; i++) trail.enterFailure({ ...failed, from: `tls 192.0.2.${i}` })
  await trail.close()
  expect(store.entries.length).toBeLessThan(100)
  expect(store.entries.reduce((sum, { count }) => sum + count, 0)).toBe(10_000)
})

it('does not let an operator fill it, and so have it forget what they did', async () => {
  const { store, trail } = begin()
  const cut: NewEntry = { ...done, by: 'eve', role: 'operator', action: 'connections.kill', given: { ids: ['x'] } }
  trail.enter({ ...cut, action: 'users.cut', given: { name: 'bob' } })
  const alone = Array.from({ length: 10_000 }, (_, i) => trail.enter({ ...cut, from: `tls 192.0.2.${i}` }))
  // Whoever logs it goes by that.
  expect(alone.filter(Boolean)).toHaveLength(59)
  trail.enter({ ...cut, action: 'login', role: 'viewer', given: {} })
  trail.enter({ ...cut, by: 'kim' })
  for (let i = 0; i < 100; i++) trail.enter(done)
  await trail.close()
  const counts = (who: string) =>
    store.entries.filter(({ by }) => by === who).map(({ action, count }) => [action, count])
  expect(counts('eve')).toEqual([
    ['users.cut', 1],
    ...Array(59).fill(['connections.kill', 1]),
    ['connections.kill', 9_941],
    ['login', 1],
  ])
  expect([counts('kim').length, counts('ann').length]).toEqual([1, 100])
})

it('keeps entries for a disk that is full, says so, and stores them in their order once it is not', async () => {
  const { store, trail, warnings } = begin()
  store.isFull = true
  trail.enter({ ...done, given: { name: 'a' } })
  await eventually(() => expect(store.refused).toBeGreaterThan(1))
  trail.enter({ ...done, given: { name: 'b' } })
  expect(warnings[0]).toBe('what operators do is not in the audit yet: the disk is full')
  store.isFull = false
  await eventually(() => expect(store.entries.map(({ given }) => given.name)).toEqual(['a', 'b']))
})

it('keeps no more than a thousand, and tells how many were lost', async () => {
  const { store, trail } = begin({ pause: 1_000_000 })
  store.isFull = true
  for (let name = 0; name < 1500; name++) trail.enter({ ...done, given: { name } })
  await eventually(() => expect(store.refused).toBe(1))
  store.isFull = false
  await trail.close()
  expect(store.entries).toHaveLength(1001)
  expect(store.entries[0]).toMatchObject({ action: 'audit.lost', count: 500 })
  expect(store.entries[1]).toMatchObject({ given: { name: 500 } })
})

it('tells whoever follows of entries once they are stored, by their ids, and not while the disk is full', async () => {
  const { trail, store } = begin()
  const heard: [id: number, action: string][] = []
  const stop = trail.follow((entries) => heard.push(...entries.map(({ id, action }): [number, string] => [id, action])))
  store.isFull = true
  trail.enter(done)
  await eventually(() => expect(store.refused).toBeGreaterThan(0))
  expect(heard).toEqual([])
  store.isFull = false
  await eventually(() => expect(heard).toEqual([[1, 'users.add']]))
  stop()
  trail.enter(done)
  await eventually(() => expect(store.entries).toHaveLength(2))
  expect(heard).toHaveLength(1)
})

it('tells in a fleet which node they are of, of those that were lost, too', async () => {
  const { store, trail } = begin({ node: 'a' })
  const heard: unknown[] = []
  trail.follow((entries) => heard.push(...entries.map(({ action, node }) => `${action} ${node}`)))
  store.isFull = true
  for (let count = 0; count <= 1_000; count++) trail.enter(done)
  store.isFull = false
  await eventually(() => expect([heard.length, heard[0], heard[1]]).toEqual([1_001, 'audit.lost a', 'users.add a']))
})
