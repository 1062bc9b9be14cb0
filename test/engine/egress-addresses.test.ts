import type { NetworkInterfaceInfo } from 'node:os'
import { expect, it, vi } from 'vitest'
import { EgressAddresses } from '../../daemon/engine/shared/egress-addresses.ts'
import { formatAddress } from '../../daemon/net/address.ts'

const bytes = Uint8Array.of(198, 51, 100, 1)

it('leaves whoever left from an address that stays where they are when another goes', () => {
  const addresses = new EgressAddresses(() => {})
  const from = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4']
  const firstOf = (listed: readonly string[]) => {
    const egress = { from: listed, mode: 'sticky' } as const
    return Array.from({ length: 400 }, (_, user) => {
      const [first] = addresses.order(egress, { user, name: 'a.test', bytes })
      return first && formatAddress(first.bytes)
    })
  }
  const before = firstOf(from)
  for (const address of from) expect(before.filter((one) => one === address).length).toBeGreaterThan(50)
  const after = firstOf(from.slice(1))
  before.forEach((address, user) => {
    if (address !== '192.0.2.1') expect(after[user]).toBe(address)
  })
})

it('takes a name as the same, however it is written', () => {
  const addresses = new EgressAddresses(() => {})
  const egress = { from: Array.from({ length: 30 }, (_, i) => `192.0.2.${i + 1}`), mode: 'sticky' } as const
  const [one, other] = ['a.test', 'A.Test'].map((name) => addresses.order(egress, { user: 1, name, bytes }))
  expect(one).toEqual(other)
})

it('reads the addresses of an interface again after a while', () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  let address = '192.0.2.1'
  const addresses = new EgressAddresses(
    () => {},
    () => ({ eth7: [{ address, netmask: '', mac: '', internal: false, cidr: null, family: 'IPv4' }] }),
  )
  const egress = { from: ['eth7'], mode: 'sticky' } as const
  const now = () => addresses.order(egress, { user: 1, name: undefined, bytes }).map((one) => formatAddress(one.bytes))
  expect(now()).toEqual(['192.0.2.1'])
  address = '192.0.2.2'
  expect(now()).toEqual(['192.0.2.1'])
  vi.advanceTimersByTime(2_000)
  expect(now()).toEqual(['192.0.2.2'])
  vi.useRealTimers()
})

it('says that no port is left, of IPv6 where this machine has an address to leave from only', () => {
  const said = vi.fn()
  const [v4, v6, loopback] = [
    { address: '192.0.2.1', netmask: '', mac: '', internal: false, cidr: null, family: 'IPv4' },
    { address: '2001:db8::1', netmask: '', mac: '', internal: false, cidr: null, family: 'IPv6', scopeid: 0 },
    { address: '::1', netmask: '', mac: '', internal: true, cidr: null, family: 'IPv6', scopeid: 0 },
  ] as const
  const [far, here] = [
    Uint8Array.of(0x20, 1, 0xd, 0xb8, ...new Uint8Array(11), 9),
    Uint8Array.of(...new Uint8Array(15), 1),
  ]
  const isSaid = (to: Uint8Array, ...interfaces: NetworkInterfaceInfo[]) => {
    said.mockClear()
    new EgressAddresses(said, () => ({ eth7: interfaces })).foundNoPort(to)
    return said.mock.calls.length > 0
  }
  expect(isSaid(bytes)).toBe(true)
  expect([isSaid(far, v4), isSaid(far, loopback), isSaid(far, v6)]).toEqual([false, false, true])
  expect([isSaid(here, v6), isSaid(here, loopback)]).toEqual([false, true])
})
