import { describe, expect, it } from 'vitest'
import { noLine, SourceLines } from '../../daemon/engine/shared/source-lines.ts'
import { mapped, parseAddress } from '../../daemon/net/address.ts'

const start = 1_000_000

/** One table; addresses are literals. */
function table() {
  const lines = new SourceLines(SourceLines.memory())
  const bytes = (text: string) => mapped(parseAddress(text)?.bytes ?? new Uint8Array(4))
  return { lines, enter: (text: string, now = start) => lines.enter(bytes(text), 0, now), bytes }
}

describe('what sources use', () => {
  it('is counted by IPv4 address and by IPv6 network of 64 bits', () => {
    const { lines, enter } = table()
    const one = enter('192.0.2.1')
    expect([enter('192.0.2.1'), enter('192.0.2.2') === one]).toEqual([one, false])
    const network = enter('2001:db8::1')
    expect([enter('2001:db8::ffff'), enter('2001:db8:0:1::1') === network]).toEqual([network, false])
    expect([lines.live(one), lines.live(network)]).toEqual([2, 2])
    lines.leave(one, start)
    expect(lines.live(one)).toBe(1)
  })

  it('is counted together of those for whom there is no room', () => {
    const { lines, enter } = table()
    const entered = Array.from({ length: 70_000 }, (_, i) => enter(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`))
    const count = new Map<number, number>()
    for (const line of entered) count.set(line, (count.get(line) ?? 0) + 1)
    const shared = [...count].filter(([, times]) => times > 1)
    expect(shared).toHaveLength(1)
    const [[others, times] = expect.fail()] = shared
    expect(times).toBeGreaterThanOrEqual(70_000 - 65_536)
    expect(lines.live(others)).toBe(times)
    expect(Array.from({ length: 7 }, () => lines.isWithin(others, 5, start)).filter(Boolean)).toHaveLength(5)
    lines.leave(others, start)
    expect(lines.live(others)).toBe(times - 1)
  })

  it('has room for many at once, and in place of those who have left', () => {
    const { lines, enter } = table()
    const address = (i: number) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`
    const entered = Array.from({ length: 30_000 }, (_, i) => enter(address(i)))
    expect(new Set(entered).size).toBe(30_000)
    const left = enter(address(7))
    lines.leave(left, start)
    lines.leave(left, start)
    for (let i = 30_000; i < 90_000; i++) enter(address(i))
    // Whoever has connections keeps the line.
    expect(enter(address(8), start + 1)).toBe(enter(address(8), start + 2))
    expect(lines.live(enter(address(8), start))).toBe(4)
  })

  it('keeps connections to a rate, of which those of a second may come at once', () => {
    const { lines, enter } = table()
    const line = enter('192.0.2.1')
    const within = (now: number) => lines.isWithin(line, 10, now)
    expect(Array.from({ length: 12 }, () => within(start))).toEqual([...Array(10).fill(true), false, false])
    expect([within(start + 100), within(start + 100)]).toEqual([true, false])
    expect(Array.from({ length: 12 }, () => within(start + 60_000)).filter(Boolean)).toHaveLength(10)
    // A word of the clock has wrapped, and more than once.
    for (const later of [2 ** 28, 2 ** 29, 2 ** 29 + 2 ** 28, 2 ** 32]) expect(within(start + later)).toBe(true)
  })

  it.each([1, 7, 1_000, 3_000, 5_000, 20_000])('lets come %i a second, and no more', (rate) => {
    const { lines, enter } = table()
    const line = enter('192.0.2.1')
    const cameAt = (now: number) => {
      let came = 0
      while (came < 2 * rate && lines.isWithin(line, rate, now)) came++
      return came
    }
    let came = cameAt(start)
    expect(Math.abs(came / rate - 1)).toBeLessThan(0.05)
    for (let now = start; now <= start + 3_000; now++) came += cameAt(now)
    expect(Math.abs(came / (4 * rate) - 1)).toBeLessThan(0.05)
  })

  it('tells new ones of a user from known ones, until they have been gone for a minute', () => {
    const { lines, bytes } = table()
    const here = bytes('192.0.2.1')
    const line = lines.enterAs(7, here, 0, start, () => true) ?? noLine
    expect(lines.enterAs(7, here, 0, start, () => false)).toBe(line)
    expect(lines.enterAs(8, here, 0, start, () => false)).toBeUndefined()
    expect([lines.leave(line, start + 1), lines.leave(line, start + 2)]).toEqual([false, true])
    expect(lines.enterAs(7, here, 0, start, () => false)).toBe(line)
    lines.leave(line, start + 3)
    let freed = 0
    lines.free(line, start + 2, 7, () => freed++)
    expect(freed).toBe(0)
    // Who takes the place of another may do so once more.
    for (let i = 0; i < 2; i++) lines.free(line, start + 3, 7, () => freed++)
    expect(freed).toBe(1)
    expect(lines.enterAs(7, here, 0, start, () => false)).toBeUndefined()
  })
})
