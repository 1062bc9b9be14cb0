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
function makePlaces() {
  const [lines, sources] = [new LimitLines(limitLineMemory()), new SourceLines(SourceLines.memory())]
  const slots = 16
  const binds = sharedCountsIn(sharedCountMemory()).binds
  const places = new Places(slots, { live: { value: 1 }, most: 1_000_000, binds, loops: 1 }, lines, sources)
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

it('the ports of BINDs are shared out by user, and given back by who leaves', () => {
  const { places, bind, binds } = makePlaces()
  const slots = Array.from({ length: 16 }, (_, slot) => slot)
  expect(slots.filter((slot) => bind(slot, user))).toEqual(slots.slice(0, 12))
  expect([bind(12, user + 1), bind(13, user)]).toEqual([true, false])
  expect(binds.value).toBe(13)
  for (const slot of slots) places.leave(slot, start)
  expect(binds.value).toBe(0)
  expect(bind(0, user)).toBe(true)
})
