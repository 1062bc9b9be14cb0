import { expect, it, onTestFinished, vi } from 'vitest'
import { Deadline, RunningTime } from '../../daemon/running-time.ts'

/** Timers go off when due by this process, whose clock can go on while it stands still. */
function standingStill() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const clock = { now: 1_000_000 }
  const time = new RunningTime(() => clock.now)
  onTestFinished(() => time.close())
  const run = (milliseconds: number) => {
    for (let passed = 0; passed < milliseconds; passed += 100) {
      clock.now += 100
      vi.advanceTimersByTime(100)
    }
  }
  return { clock, time, run }
}

it('leaves out the time in which the process stood still, and no other', () => {
  const { clock, time, run } = standingStill()
  const begun = time.now()
  run(5_000)
  expect(time.now() - begun).toBe(5_000)
  clock.now += 300_000
  expect(time.now() - begun).toBe(5_000)
  run(700)
  expect(time.now() - begun).toBe(5_700)
})

it('gives who had two minutes before the process stood still what was left of them behind that', () => {
  const { clock, time, run } = standingStill()
  const tooLate = vi.fn()
  new Deadline(time, 120_000, tooLate)
  run(100_000)
  clock.now += 300_000
  // All that came due meanwhile goes off at once, the deadline before the look at the clock.
  vi.advanceTimersByTime(300_000)
  expect(tooLate).not.toHaveBeenCalled()
  run(19_000)
  expect(tooLate).not.toHaveBeenCalled()
  run(2_000)
  expect(tooLate).toHaveBeenCalledOnce()
})

it('calls nobody whose deadline is taken back, before the process stood still or behind that', () => {
  const { clock, time, run } = standingStill()
  const tooLate = vi.fn()
  const deadline = new Deadline(time, 5_000, tooLate)
  new Deadline(time, 5_000, tooLate).clear()
  clock.now += 300_000
  vi.advanceTimersByTime(5_000)
  deadline.clear()
  run(20_000)
  expect(tooLate).not.toHaveBeenCalled()
})
