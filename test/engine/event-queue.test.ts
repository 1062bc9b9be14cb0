import { array, assert, constantFrom, integer, oneof, property, record } from 'fast-check'
import { expect, it } from 'vitest'
import { EventQueue } from '../../daemon/engine/linux/event-queue.ts'
import { firstExtraKey } from '../../daemon/engine/linux/extras.ts'

const halves = 6

interface Event {
  readonly key: number
  readonly generation: number
  readonly events: number
}

const event = record({
  key: oneof(
    integer({ min: 0, max: halves - 1 }),
    constantFrom(0, 5, 700).map((fd) => firstExtraKey + fd),
  ),
  generation: constantFrom(0, 1, 0xffff_ffff),
  events: integer({ min: 1, max: 0xffff_ffff }),
})
const take = integer({ min: 0, max: 5 })

/** What is to wait when one more has come. */
function withOne(waiting: readonly Event[], { key, generation, events }: Event): Event[] {
  if (!waiting.some((other) => other.key === key)) return [...waiting, { key, generation, events }]
  return waiting.map((other) => {
    if (other.key !== key) return other
    return { key, generation, events: other.generation === generation ? (other.events | events) >>> 0 : events }
  })
}

function taken(queue: EventQueue, most: number): Event[] {
  const served: Event[] = []
  queue.take(most, (key, generation, events) => served.push({ key, generation, events }))
  return served
}

it('hands out each half and each extra once, first come first served, with all that has come of it', () => {
  const steps = array(oneof({ weight: 3, arbitrary: event }, take), { maxLength: 200 })
  assert(
    property(steps, (all) => {
      const queue = new EventQueue(halves)
      let waiting: Event[] = []
      for (const step of [...all, 1000]) {
        if (typeof step === 'number') {
          expect(taken(queue, step)).toEqual(waiting.slice(0, step))
          waiting = waiting.slice(step)
        } else {
          queue.add(step.key, step.generation, step.events)
          waiting = withOne(waiting, step)
        }
        expect(queue.isEmpty).toBe(waiting.length === 0)
      }
    }),
  )
})

it('lets one that comes again while it is served wait behind the others', () => {
  const queue = new EventQueue(halves)
  for (const half of [0, 1, 2]) queue.add(half, 1, 1)
  const served: number[] = []
  const serve = (key: number) => {
    served.push(key)
    if (key < 2 && served.length < 4) queue.add(key, 1, 1)
  }
  queue.take(4, serve)
  expect(served).toEqual([0, 1, 2, 0])
  queue.take(4, serve)
  expect(served).toEqual([0, 1, 2, 0, 1])
  expect(queue.isEmpty).toBe(true)
})
