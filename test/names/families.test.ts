import { networkInterfaces } from 'node:os'
import { expect, test } from 'vitest'
import { familyOf, firstOf, joined, noAddresses } from '../../daemon/names/families.ts'

const ipv4 = (count: number) => Array.from({ length: count }, (_, n) => `127.0.${n >> 8}.${n & 255}`)
const ipv6 = (count: number) => Array.from({ length: count }, (_, n) => `2001:db8::${n.toString(16)}`)

test.each([
  ['many of one family and few of the other', 3_900, 1, [31, 1]],
  ['few of one family and many of the other', 3, 3_900, [3, 29]],
  ['many of both', 100, 100, [16, 16]],
  ['many of one', 3_900, 0, [32, 0]],
  ['few', 3, 2, [3, 2]],
])('keeps at most 32 addresses, of both families, if a name has %s', (_, four, six, [keptFour, keptSix]) => {
  expect(firstOf([...ipv4(four), ...ipv6(six)])).toEqual([...ipv4(keptFour ?? 0), ...ipv6(keptSix ?? 0)])
  const both = joined(familyOf(ipv6(six), 5_000), familyOf(ipv4(four), 5_000)).addresses
  expect(both.toSorted()).toEqual([...ipv4(keptFour ?? 0), ...ipv6(keptSix ?? 0)].toSorted())
})

test('an IPv4-mapped address is one of IPv4, from wherever it comes', () => {
  const mapped = ['::ffff:10.0.0.1', '::FFFF:a00:2', '::ffff:0:10.0.0.3', '10.0.0.4']
  const plain = ['10.0.0.1', '10.0.0.2', '::ffff:0:a00:3', '10.0.0.4']
  expect(firstOf(mapped)).toEqual(plain)
  expect(joined(familyOf(mapped, 5_000), noAddresses).addresses).toEqual(plain)
})

test('addresses of both families are good for as long as those of either', () => {
  const [six, four] = [familyOf(ipv6(1), 5_000), familyOf(ipv4(1), 7_000)]
  expect(joined(six, four).lasts).toBe(5_000)
  expect(joined(noAddresses, four).lasts).toBe(7_000)
})

test('IPv6 comes first where this machine has an address for it', () => {
  const addresses = Object.values(networkInterfaces()).flatMap((all = []) => all)
  const isGlobal = addresses.some(({ family, address }) => family === 'IPv6' && /^[23]/.test(address))
  const { addresses: order } = joined(familyOf(ipv6(1), 5_000), familyOf(ipv4(1), 5_000))
  expect(order).toEqual(isGlobal ? [...ipv6(1), ...ipv4(1)] : [...ipv4(1), ...ipv6(1)])
})
