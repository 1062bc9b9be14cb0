import { describe, expect, it } from 'vitest'
import { ReadySockets } from '../../daemon/engine/linux/ready-sockets.ts'

/** Sockets by descriptor, with so many datagrams waiting at each, of which a batch is 32. */
function flooded(waiting: Record<number, number>) {
  const ready = new ReadySockets<string>()
  const served: number[] = []
  for (const fd of Object.keys(waiting).map(Number)) ready.add(fd, `owner of ${fd}`)
  const takeTurn = (most: number) =>
    ready.take(most, (fd, owner) => {
      expect(owner).toBe(`owner of ${fd}`)
      served.push(fd)
      const batch = Math.min(32, waiting[fd] ?? 0)
      waiting[fd] = (waiting[fd] ?? 0) - batch
      if (batch === 32) ready.add(fd, owner)
      return batch
    })
  return { ready, served, takeTurn }
}

describe('sockets at which datagrams wait', () => {
  it('are served a batch each, one after the other', () => {
    const { ready, served, takeTurn } = flooded({ 3: 70, 4: 1, 5: 33 })
    takeTurn(1_000)
    expect(served).toEqual([3, 4, 5, 3, 5, 3])
    expect(ready.isEmpty).toBe(true)
  })

  it('are served so many datagrams in a turn, and go on from there in the next', () => {
    const { ready, served, takeTurn } = flooded({ 3: 1_000, 4: 1_000, 5: 1 })
    takeTurn(64)
    expect(served).toEqual([3, 4])
    takeTurn(64)
    expect(served).toEqual([3, 4, 5, 3, 4])
    expect(ready.isEmpty).toBe(false)
  })

  it('are looked at in bounded number, even if nothing waits', () => {
    const { served, takeTurn } = flooded(Object.fromEntries(Array.from({ length: 500 }, (_, i) => [i, 0])))
    takeTurn(128)
    expect(served).toHaveLength(128)
  })

  it('wait once, and not when they are closed', () => {
    const { ready, served, takeTurn } = flooded({ 3: 1, 4: 1 })
    ready.add(3, 'owner of 3')
    ready.delete(4)
    takeTurn(128)
    expect(served).toEqual([3])
  })
})
