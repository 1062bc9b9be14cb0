import { expect, test } from 'vitest'
import { NameCache } from '../../daemon/engine/shared/name-cache.ts'

test('remembers addresses, and that there are none, until they are not good any more', () => {
  const cache = new NameCache<string>()
  cache.learn('a.test', { addresses: ['192.0.2.1'], until: 100 }, 0)
  cache.learn('none.test', { addresses: [], until: 50 }, 0)
  expect(cache.recall('a.test', 99)?.addresses).toEqual(['192.0.2.1'])
  expect(cache.recall('none.test', 49)?.addresses).toEqual([])
  expect(cache.recall('a.test', 100)).toBeUndefined()
  expect(cache.recall('none.test', 50)).toBeUndefined()
})

test('takes the newer answer for the older one', () => {
  const cache = new NameCache<string>()
  cache.learn('a.test', { addresses: ['192.0.2.1'], until: 100 }, 0)
  cache.learn('a.test', { addresses: ['192.0.2.2'], until: 0 }, 0)
  expect(cache.recall('a.test', 0)).toBeUndefined()
})

test('forgets what was learnt first when it is too much, by its bytes', () => {
  const cache = new NameCache<string>()
  const remembered = (count: number, addresses: readonly string[]) => {
    for (let n = 0; n < 50_000; n++) cache.learn(`${count}-${n}.test`, { addresses, until: 100 }, 0)
    return Array.from({ length: 50_000 }, (_, n) => cache.recall(`${count}-${n}.test`, 0)).filter(Boolean).length
  }
  const few = remembered(1, ['192.0.2.1'])
  const many = remembered(32, Array<string>(32).fill('192.0.2.1'))
  expect(few).toBeGreaterThan(5_000)
  expect(few).toBeLessThan(20_000)
  expect(many).toBeGreaterThan(500)
  expect(many).toBeLessThan(1_000)
  expect(cache.recall('32-49999.test', 0)).toBeDefined()
})

test('has something to sweep only as long as something is remembered', () => {
  const cache = new NameCache<string>()
  expect(cache.sweepAt).toBe(Number.POSITIVE_INFINITY)
  cache.learn('a.test', { addresses: [], until: 5_000 }, 0)
  cache.learn('b.test', { addresses: [], until: 15_000 }, 0)
  const first = cache.sweepAt
  cache.sweep(first)
  expect(cache.sweepAt).toBeGreaterThan(first)
  cache.sweep(cache.sweepAt)
  expect(cache.sweepAt).toBe(Number.POSITIVE_INFINITY)
  // Not looked at before, and yet not there at a time when it was good.
  expect([cache.recall('a.test', 0), cache.recall('b.test', 0)]).toEqual([undefined, undefined])
})
