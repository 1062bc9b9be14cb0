import { expect, test } from 'vitest'
import { contains, parseNetwork } from '../../daemon/net/network.ts'
import { overlap, readNetwork } from '../../shared/filter/addresses.ts'

const networks = [
  ...['192.0.2.7', '192.0.2.7/32', '192.0.2.0/24', '0.0.0.0/0', '10.0.0.0/8', '255.255.255.255', '::', '::/0', '::1'],
  ...['2001:db8::', '2001:db8::/32', '2001:DB8::/64', '2001:db8:0:1::/64', '2001:db8::7/128', '1:2:3:4:5:6:7:8'],
  ...['::ffff:192.0.2.7', '::ffff:192.0.2.0/120', '::ffff:c000:207', '64:ff9b::192.0.2.7', '::192.0.2.7', 'fe80::/10'],
]

const others = [
  ...[
    '',
    '/',
    'x',
    '192.0.2',
    '192.0.2.07',
    '192.0.2.256',
    '192.0.2.7/',
    '192.0.2.7/33',
    '192.0.2.7/24',
    '192.0.2.7/32/32',
  ],
  ...[
    '2001:db8::1/64',
    '2001:db8:0:1::/48',
    '::/129',
    '::/x',
    '::/-1',
    '::ffff:192.0.2.7/64',
    '::ffff:0:0/95',
    ':::',
    '1::2::3',
  ],
  ...['fe80::1%eth0', '[::1]', '::1 ', '192.0.2.7/+24', '12345::', '0x7f.1', '::/0128', 'example.com', '1.2.3.4.5'],
]

test.each([...networks, ...others])('%j is read as the daemon reads it, or not at all', (text) => {
  const isNetwork = networks.includes(text)
  if (isNetwork) expect(() => parseNetwork(text)).not.toThrow()
  else expect(() => parseNetwork(text)).toThrow(RangeError)
  expect(readNetwork(text) !== null).toBe(isNetwork)
})

test('networks overlap as they do for the daemon', () => {
  for (const one of networks)
    for (const other of networks) {
      const [a, b] = [parseNetwork(one), parseNetwork(other)]
      const [x, y] = [readNetwork(one), readNetwork(other)]
      const isSo = x !== null && y !== null && overlap(x, y)
      expect(isSo, `${one} ${other}`).toBe(contains(a, b.bytes) || contains(b, a.bytes))
    }
})
