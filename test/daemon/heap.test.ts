import { spawnSync } from 'node:child_process'
import { afterEach, expect, test, vi } from 'vitest'
import { settleOnce } from '../../daemon/settling.ts'

afterEach(() => void vi.useRealTimers())

/** Runs this in a process of its own, whose flags no other test sets: they are of all threads. */
function runAlone(code: string): void {
  const head = `
    import { equal, notEqual, rejects } from 'node:assert/strict'
    import { cachedDataVersionTag } from 'node:v8'
    import { shrinkHeap, withShrinkableHeaps } from ${JSON.stringify(new URL('../../daemon/heap.ts', import.meta.url).href)}
    const before = cachedDataVersionTag()
  `
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', head + code], {
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  expect(status).toBe(0)
}

test('a heap is shrunk only while all may be, and then V8 is as it was', () => {
  runAlone(`
    // A later turn: what a WeakRef was made for lives to the end of that one.
    const nextTurn = () => new Promise((resolve) => setImmediate(resolve))
    const left = (() => new WeakRef({ something: 'left over' }))()
    await nextTurn()
    shrinkHeap()
    notEqual(left.deref(), undefined)
    await nextTurn()
    await withShrinkableHeaps(async () => shrinkHeap())
    equal(left.deref(), undefined)
    equal(cachedDataVersionTag(), before)
  `)
})

test('V8 is as it was when that has failed, too', () => {
  runAlone(`
    const failed = withShrinkableHeaps(async () => {
      notEqual(cachedDataVersionTag(), before)
      throw new Error('no')
    })
    await rejects(failed, /no/)
    equal(cachedDataVersionTag(), before)
  `)
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
