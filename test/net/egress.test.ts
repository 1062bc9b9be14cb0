import { expect, it } from 'vitest'
import { isEgress } from '../../daemon/net/egress.ts'

it.each(['192.0.2.1', '2001:db8::1', 'fe80::1', 'eth0', 'wg-office.1'])(
  '%s can be where connections leave from',
  (text) => {
    expect(isEgress(text)).toBe(true)
  },
)

it.each(['0.0.0.0', '::', '224.0.0.1', '255.255.255.255', 'ff02::1', '192.0.2', '', '1eth', 'a'.repeat(16)])(
  '%s cannot',
  (text) => expect(isEgress(text)).toBe(false),
)
