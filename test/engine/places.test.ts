import { describe, expect, it } from 'vitest'
import { sharedCountMemory, sharedCountsIn } from '../../daemon/engine/linux/shared-counts.ts'
import { Reason } from '../../daemon/engine/session-table.ts'
import { LimitLines, limitLineMemory } from '../../daemon/engine/shared/limit-lines.ts'
import { Places } from '../../daemon/engine/shared/places.ts'
import { SourceLines, sourceLasts } from '../../daemon/engine/shared/source-lines.ts'
import { mapped, parseAddress } from '../../daemon/net/address.ts'

const user = 7
const start = 1_000_000
const limits = { group: 0, rateUp: undefined, rateDown: undefined, maxConnections: undefined }

/** Slots are given out in their order; addresses are literals. */
function makePlaces(most = 1_000_000) {
  const [lines, sources] = [new LimitLines(limitLineMemory()), new SourceLines(SourceLines.memory())]
  const slots = 16
  const binds = sharedCountsIn(sharedCountMemory()).binds
  const places = new Places(slots, { live: { value: 1 }, most, binds, mostBinds: 4_096, loops: 1 }, lines, sources)
  const addresses = new Uint8Array(16 * slots)
  const bytesOf = (from: string) => mapped(parseAddress(from)?.bytes ?? new Uint8Array(4))
  let next = 0
  const come = (from: string, now = start) => {
    const slot = next++
    addresses.set(bytesOf(from), 16 * slot)
    places.arrive(slot, addresses, now)
    return { slot, refusal: places.admit(slot, user, undefined, addresses, now) }
  }
  /** As many sources have connections as there is room for. */
  const fill = () => {
    for (let i = 0; i < 300_000; i++) sources.enter(bytesOf(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`), 0, start)
  }
  const bind = (slot: number, whose: number) => places.bind(slot, whose, addresses)
  return { lines, places, come, fill, bind, binds }
}

describe('the sources of a user', () => {
  it('are refused where there is no room to count them', () => {
    const { lines, come, fill } = makePlaces()
    lines.set(user, { ...limits, maxSources: 5 })
    fill()
    expect(come('192.0.2.1').refusal).toBe(Reason.sources)
    expect(lines.sources(user)).toBe(0)
  })

  it('count for nobody who has the index next', () => {
    const { lines, places, come } = makePlaces()
    lines.set(user, { ...limits, maxSources: 1 })
    const { slot } = come('192.0.2.1')
    places.leave(slot, start)
    lines.clear(user)
    lines.set(user, { ...limits, maxSources: 1 })
    expect(come('192.0.2.1').refusal).toBeUndefined()
    expect(come('192.0.2.2').refusal).toBe(Reason.sources)
    places.sweep(start + sourceLasts + 1)
    expect(lines.sources(user)).toBe(1)
    expect(come('192.0.2.2', start + sourceLasts + 2).refusal).toBe(Reason.sources)
  })
})

describe('BINDs', () => {
  it('have few ports, shared out by user, that others get when the kernel has forgotten who had them', () => {
    const { places, bind, binds } = makePlaces(1_000_000)
    let had = 0
    for (let now = start; bind(0, user); now++) {
      places.leave(0, now)
      had++
    }
    expect(had).toBe(3_072)
    expect([bind(0, user + 1), bind(1, user)]).toEqual([true, false])
    places.sweep(start + 60_000 - 1)
    expect(binds.value).toBe(3_073)
    places.sweep(start + 60_000)
    expect(binds.value).toBe(3_072)
    expect(bind(1, user)).toBe(true)
    places.sweep(start + 70_000)
    expect(binds.value).toBe(2)
  })

  it('leave places to others', () => {
    // One is live, the session's own, and another may come.
    const { bind } = makePlaces(2)
    const slots = [0, 1, 2, 3, 4, 5, 6]
    expect(slots.filter((slot) => bind(slot, user))).toEqual(slots.slice(0, 6))
  })
})
