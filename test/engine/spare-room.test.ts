import { expect, it } from 'vitest'
import { Room } from '../../daemon/engine/portable/descriptors.ts'

it('what can be done without is shared out, so that nobody has all', () => {
  const room = new Room(64)
  const fill = (holder: string) => {
    for (let count = 0; ; count++) if (!room.takeSpare(holder)) return count
  }
  // Of 48 each has three quarters of what those before have left.
  expect([fill('one'), fill('two'), fill('one')]).toEqual([36, 9, 0])
  expect(room.take(room.left)).toBe(true)
  room.give(16)
  room.giveSpare('one', 36)
  expect(fill('one')).toBeGreaterThan(24)
  expect(room.left).toBeGreaterThanOrEqual(16)
})
