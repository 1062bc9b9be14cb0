import { array, assert, constant, integer, oneof, property, record } from 'fast-check'
import { expect, it } from 'vitest'
import { TimerWheel } from '../../daemon/engine/linux/timer-wheel.ts'

const slots = 5
/** Milliseconds that a deadline may fire late. */
const tick = 128
/** Milliseconds after which a deadline lies farther than the wheel reaches. */
const reach = 1024 * tick
/** The longest that `untilNext` says to wait. */
const longestWait = 1024

const slot = integer({ min: 0, max: slots - 1 })
/** Deadlines by the clock of the step: long past, at the edges of a tick, beyond the wheel's reach. */
const ahead = oneof(integer({ min: -500, max: 2000 }), integer({ min: -1, max: 3 * reach }), constant(reach))
const set = record({ kind: constant('set'), slot, ahead })
const clear = record({ kind: constant('clear'), slot })
/** `again`: what each slot that fires gets for its next deadline. */
const advance = record({
  kind: constant('advance'),
  by: oneof(integer({ min: 0, max: 300 }), integer({ min: 0, max: 2 * reach })),
  again: oneof(constant(undefined), ahead),
})
/** The loop stands still for so long. */
const standStill = record({
  kind: constant('stand still'),
  lost: oneof(integer({ min: 1, max: 5_000 }), constant(2 * reach)),
})
const steps = array(oneof(set, clear, advance, standStill), { maxLength: 120 })

it('fires each deadline that stands once, never early and at most a tick late, however often it moves', () => {
  assert(
    property(integer({ min: 0, max: 10 ** 9 }), steps, (start, all) => {
      let now = start
      const wheel = new TimerWheel(slots, now)
      const deadlines = new Map<number, number>()
      const put = (which: number, deadline: number) => {
        wheel.set(which, deadline)
        // One that has passed already is due now.
        deadlines.set(which, Math.max(deadline, now))
      }
      for (const step of all) {
        if ('ahead' in step) put(step.slot, now + step.ahead)
        if ('lost' in step) {
          now += step.lost
          wheel.postpone(step.lost)
          for (const [which, deadline] of deadlines) deadlines.set(which, deadline + step.lost)
        }
        if ('slot' in step && !('ahead' in step)) {
          wheel.clear(step.slot)
          deadlines.delete(step.slot)
        }
        if (!('by' in step)) continue
        now += step.by
        wheel.advance(now, (which) => {
          expect(deadlines.get(which)).toBeLessThanOrEqual(now)
          deadlines.delete(which)
          if (step.again !== undefined) put(which, now + step.again)
        })
        const overdue = [...deadlines.values()].filter(
          (deadline) => deadline <= now - tick && !isNew(deadline, step, now),
        )
        expect(overdue).toEqual([])
      }
    }),
  )
})

/** Set while this very step fired: the wheel looks at it in its next tick. */
function isNew(deadline: number, { again }: { again: number | undefined }, now: number): boolean {
  return again !== undefined && deadline === now + Math.max(0, again)
}

it('wants to be looked at in time for the next deadline, and within a second at any rate', () => {
  assert(
    property(integer({ min: 0, max: 10 ** 9 }), array(ahead, { maxLength: slots }), (start, all) => {
      const wheel = new TimerWheel(slots, start)
      for (const [which, deadline] of all.entries()) wheel.set(which, start + deadline)
      const waits = wheel.untilNext(start)
      expect(waits).toBeGreaterThanOrEqual(0)
      expect(waits).toBeLessThanOrEqual(longestWait)
      for (const deadline of all) expect(waits).toBeLessThanOrEqual(Math.max(0, deadline) + tick)
    }),
  )
})

it('clears what it holds from within a deadline that fires beside it', () => {
  const wheel = new TimerWheel(slots, 0)
  for (const which of [0, 1, 2]) wheel.set(which, 100)
  const fired: number[] = []
  wheel.advance(1000, (which) => {
    fired.push(which)
    for (const other of [0, 1, 2]) wheel.clear(other)
  })
  expect(fired).toHaveLength(1)
})
