import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { DatagramTurns } from '../../daemon/engine/portable/datagram-turns.ts'

/** Notes whose datagrams are relayed, in their order. */
function observed() {
  const turns = new DatagramTurns()
  const relayed: string[] = []
  const owners = new Map<string, object>()
  const ownerOf = (name: string) => {
    const owner = owners.get(name) ?? {}
    owners.set(name, owner)
    return owner
  }
  const send = (name: string, count: number, length = 100) => {
    for (let i = 0; i < count; i++) turns.take(ownerOf(name), length, () => relayed.push(name))
  }
  const forget = (name: string) => turns.forget(ownerOf(name))
  return { forget, relayed, send, count: (name: string) => relayed.filter((one) => one === name).length }
}

describe('the turns of datagrams', () => {
  it('come at once as long as there are few', async () => {
    const { relayed, send } = observed()
    for (let turn = 1; turn <= 3; turn++) {
      send('one', 64)
      send('other', 64)
      expect(relayed).toHaveLength(turn * 128)
      await setImmediate()
    }
  })

  it('are 128 at a time, one of each association after the other, and none is lost of a burst', async () => {
    const { relayed, send, count } = observed()
    send('flooded', 1_000)
    send('one', 2)
    send('other', 1)
    expect(relayed).toHaveLength(128)
    await setImmediate()
    expect(relayed.slice(128, 133)).toEqual(['flooded', 'one', 'other', 'flooded', 'one'])
    expect(relayed).toHaveLength(256)
    for (let turn = 2; turn < 8; turn++) await setImmediate()
    expect([count('flooded'), count('one'), count('other')]).toEqual([1_000, 2, 1])
  })

  it('are lost where too much waits already, and somebody new still finds room', async () => {
    const { forget, send, count } = observed()
    for (let i = 0; i < 100; i++) send(`${i}`, 200, 60_000)
    send('new', 1, 1_000)
    for (let i = 0; i < 100; i++) forget(`${i}`)
    await setImmediate()
    expect(count('new')).toBe(1)
    expect(count('99')).toBe(0)
    send('new', 300, 6_000)
    for (let turn = 0; turn < 4; turn++) await setImmediate()
    expect(count('new')).toBe(301)
  })
})
