import { describe, expect, it } from 'vitest'
import { WaitingRoom } from '../../daemon/engine/shared/waiting-datagrams.ts'

const mebibyte = 1024 * 1024

describe('datagrams that wait for their names', () => {
  it('are at most 16 of an association, with as many bytes as the largest datagram has', () => {
    const place = new WaitingRoom().open()
    for (let i = 0; i < 16; i++) expect(place.take(100)).toBe(true)
    expect(place.take(0)).toBe(false)
    place.give(100)
    expect(place.take(65_536 - 1_500 + 1)).toBe(false)
    expect(place.take(65_536 - 1_500)).toBe(true)
  })

  it('have 16 MiB together, of which somebody new still finds some', () => {
    const room = new WaitingRoom()
    const places = Array.from({ length: 4_096 }, () => room.open())
    for (const place of places) while (place.take(4_096));
    expect(room.left).toBeGreaterThan(0)
    expect(room.left).toBeLessThan(mebibyte)
    expect(room.open().take(512)).toBe(true)
  })

  it('give back what they had', () => {
    const room = new WaitingRoom()
    const [one, other] = [room.open(), room.open()]
    one.take(1_000)
    one.take(2_000)
    other.take(3_000)
    one.give(2_000)
    one.clear()
    expect(room.left).toBe(16 * mebibyte - 3_000)
    one.clear()
    other.give(3_000)
    expect(room.left).toBe(16 * mebibyte)
  })
})
