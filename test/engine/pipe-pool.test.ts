import { fstatSync, readSync, writeSync } from 'node:fs'
import { array, assert, boolean, integer, oneof, property, record } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Pipe, PipePool } from '../../daemon/os/pipe-pool.ts'
import { limitDescriptors } from '../helpers/descriptor-limit.ts'

/** What tells a pipe from all others, while it is open. */
const inode = (fd: number) => fstatSync(fd).ino

function isOpen(pipe: Pipe, was: number): boolean {
  try {
    return inode(pipe.readEnd) === was
  } catch {
    return false
  }
}

const most = 4
const keep = 2
const acquire = integer({ min: 1, max: 3 })
/** `fill`: the pipe comes back with bytes in it. */
const release = record({ which: integer({ min: 0, max: most - 1 }), fill: boolean() })

describe.skipIf(process.platform !== 'linux')('the pipes of a loop', () => {
  it('are handed out empty, each to one at a time, no more than there may be, and closed in the end', () => {
    assert(
      property(array(oneof(acquire, release), { maxLength: 40 }), (steps) => {
        const pool = new PipePool(most, keep)
        const ours = new Map<Pipe, number>()
        const seen = new Map<Pipe, number>()
        const openOnes = () => [...seen].filter(([pipe, was]) => isOpen(pipe, was)).length
        for (const step of steps) {
          for (let left = typeof step === 'number' ? step : 0; left > 0; left--) {
            const pipe = pool.acquire()
            expect(pipe !== undefined).toBe(ours.size < most)
            if (!pipe) continue
            expect(ours.has(pipe)).toBe(false)
            expect(() => readSync(pipe.readEnd, Buffer.alloc(1))).toThrow('EAGAIN')
            ours.set(pipe, inode(pipe.readEnd))
            seen.set(pipe, inode(pipe.readEnd))
          }
          if (typeof step === 'number') continue
          const [pipe] = [...ours.keys()].slice(step.which)
          if (!pipe) continue
          if (step.fill) writeSync(pipe.writeEnd, 'x')
          pool.release(pipe, !step.fill)
          ours.delete(pipe)
          expect(openOnes()).toBeLessThanOrEqual(ours.size + keep)
        }
        for (const pipe of ours.keys()) pool.release(pipe, true)
        expect(openOnes()).toBeLessThanOrEqual(keep)
        pool.close()
        expect(openOnes()).toBe(0)
      }),
      { numRuns: 50 },
    )
  })

  it('are spare only if the kernel gives them, and then stay so until they are asked for', () => {
    const pool = new PipePool(2, keep)
    const first = pool.acquire()
    const giveBack = limitDescriptors(process.pid, 3)
    try {
      expect([pool.left, pool.hasSpare()]).toEqual([1, false])
    } finally {
      giveBack()
    }
    for (let i = 0; i < 1000; i++) expect(pool.hasSpare()).toBe(false)
    expect([pool.hasSpare(), pool.hasSpare()]).toEqual([true, true])
    const second = pool.acquire()
    expect([pool.hasSpare(), pool.acquire()]).toEqual([false, undefined])
    for (const pipe of [first, second]) if (pipe) pool.release(pipe, true)
    expect(pool.hasSpare()).toBe(true)
    pool.close()
  })

  it('are not asked for again at once where the kernel has none to give', () => {
    const pool = new PipePool(most, keep)
    const giveBack = limitDescriptors(process.pid, 3)
    try {
      expect(pool.acquire()).toBeUndefined()
    } finally {
      giveBack()
    }
    for (let i = 0; i < 1000; i++) expect(pool.acquire()).toBeUndefined()
    const pipe = pool.acquire()
    expect(pipe).toBeDefined()
    if (pipe) pool.release(pipe, false)
    pool.close()
  })
})
