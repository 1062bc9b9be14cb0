import { cachedDataVersionTag } from 'node:v8'
import { afterEach, expect, test, vi } from 'vitest'
import { shrinkHeap, withShrinkableHeaps } from '../../daemon/heap.ts'
import { settleOnce } from '../../daemon/settling.ts'

afterEach(() => void vi.useRealTimers())

/** Tells whether what nobody has any more is still there. */
function leaveGarbage(): () => boolean {
  const left = new WeakRef({ something: 'left over' })
  return () => left.deref() !== undefined
}

/** A later turn: what a WeakRef was made for lives to the end of that one. */
const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

test('a heap is shrunk only while all may be, and then V8 is as it was', async () => {
  const before = cachedDataVersionTag()
  const isThere = leaveGarbage()
  await nextTurn()
  shrinkHeap()
  expect(isThere()).toBe(true)
  await nextTurn()
  await withShrinkableHeaps(async () => shrinkHeap())
  expect(isThere()).toBe(false)
  expect(cachedDataVersionTag()).toBe(before)
})

test('V8 is as it was when that has failed, too', async () => {
  const before = cachedDataVersionTag()
  const failed = withShrinkableHeaps(async () => {
    expect(cachedDataVersionTag()).not.toBe(before)
    throw new Error('no')
  })
  await expect(failed).rejects.toThrow('no')
  expect(cachedDataVersionTag()).toBe(before)
})

test('threads shrink once, one kind after the other, and not while somebody is connected', async () => {
  vi.useFakeTimers()
  const done: string[] = []
  let live = 1
  const shrink = [
    async () => {
      done.push('loops')
      throw new Error('one has died')
    },
    async () => void done.push('store'),
  ]
  const callOff = settleOnce({ countLive: () => live, shrink })
  await vi.advanceTimersByTimeAsync(10_000)
  expect(done).toEqual([])
  live = 0
  await vi.advanceTimersByTimeAsync(10_000)
  expect(done).toEqual(['loops', 'store'])
  callOff()

  const calledOff = settleOnce({ countLive: () => 0, shrink })
  calledOff()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(done).toHaveLength(2)
})
