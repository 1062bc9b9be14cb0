import { expect, it } from 'vitest'
import { KnownSources } from '../../daemon/engine/shared/known-sources.ts'
import { mapped, parseLiteral } from '../../daemon/net/address.ts'
import { parseNetwork } from '../../daemon/net/network.ts'

const day = 24 * 60 * 60_000

function start() {
  const memory = KnownSources.memory()
  const [loop, main] = [new KnownSources(memory), new KnownSources(memory)]
  return {
    note: (address: string, now: number) => loop.note(mapped(parseLiteral(address) ?? new Uint8Array(4)), 0, now),
    entries: main.entries.bind(main),
    restore: main.restore.bind(main),
    isKnown: (network: string, now: number) => main.isKnown(parseNetwork(network), now),
  }
}

it('knows an address of IPv4, and of IPv6 its /64, for a day', () => {
  const { note, isKnown } = start()
  note('192.0.2.1', 0)
  note('2001:db8:1:2::9', 0)
  const near = ['192.0.2.1', '2001:db8:1:2::/64', '2001:db8:1::/48']
  const far = ['192.0.2.2', '2001:db8:1:3::/64', '2001:db8:2::/48', 'c000:201::/64']
  expect(near.map((network) => isKnown(network, day - 60_000))).toEqual([true, true, true])
  expect(far.filter((network) => isKnown(network, 0))).toEqual([])
  expect(near.filter((network) => isKnown(network, day))).toEqual([])
  note('192.0.2.1', day / 2)
  expect(isKnown('192.0.2.1', day)).toBe(true)
})

it('knows after a restart whom it knew before, for as long', () => {
  const before = start()
  before.note('192.0.2.1', day)
  before.note('2001:db8:1:2::9', day + day / 2)
  before.note('198.51.100.1', 0)
  const entries = before.entries(2 * day - 120_000)
  const { restore, isKnown } = start()
  // An hour passes in between; the clock begins anew.
  restore(entries, 3_600_000, 500)
  const known = (now: number) => ['192.0.2.1', '2001:db8:1:2::/64', '198.51.100.1'].filter((one) => isKnown(one, now))
  expect(known(500)).toEqual(['2001:db8:1:2::/64'])
  expect(known(day / 2 - 3_600_000)).toEqual(['2001:db8:1:2::/64'])
  expect(known(day / 2)).toEqual([])
})

it('goes on with what is whole of what was kept, and with nothing that is yet to come', () => {
  const before = start()
  before.note('192.0.2.1', 0)
  const [entry] = [before.entries(0)]
  const ahead = entry.slice()
  new DataView(ahead.buffer).setInt32(12, -100_000, true)
  new DataView(ahead.buffer).setInt32(4, 1, true)
  const { restore, isKnown, entries } = start()
  expect(restore(new Uint8Array([...ahead, ...entry, 1, 2, 3]), 0, 0)).toBe(2)
  expect(isKnown('192.0.2.1', 0)).toBe(true)
  expect(entries(0)).toEqual(entry)
})

it('forgets those noted longest ago where there is no room', () => {
  const { note, isKnown } = start()
  const address = (i: number) => `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`
  for (let i = 0; i < 200_000; i++) note(address(i), i * 10)
  expect(isKnown(address(0), 2_000_000)).toBe(false)
  expect(isKnown(address(199_999), 2_000_000)).toBe(true)
})
