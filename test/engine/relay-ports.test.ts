import { describe, expect, it } from 'vitest'
import { RelayPorts } from '../../daemon/engine/shared/relay-ports.ts'
import { type Address, parseAddress } from '../../daemon/net/address.ts'

const ours = { bytes: Uint8Array.of(192, 0, 2, 1), scope: 0 }
const theirs = { bytes: Uint8Array.of(198, 51, 100, 1), scope: 0 }
const oursOfIpv6 = parseAddress('2001:db8::1') ?? ours

/** As two loops have them, and the addresses that were asked about. */
function shared() {
  const memory = new SharedArrayBuffer(RelayPorts.bytes)
  const asked: Uint8Array[] = []
  const isOurs = ({ bytes }: Address) => {
    asked.push(bytes)
    return bytes !== theirs.bytes
  }
  return { one: new RelayPorts(memory, isOurs), other: new RelayPorts(memory, isOurs), asked }
}

describe('the ports of associations', () => {
  it('are known to all loops, at the addresses of this machine', () => {
    const { one, other } = shared()
    for (const port of [1, 40_000, 65_535]) {
      one.open(4, port)
      expect([other.has(ours, port), other.has(theirs, port), other.has(oursOfIpv6, port)]).toEqual([
        true,
        false,
        false,
      ])
      one.open(16, port)
      expect(other.has(oursOfIpv6, port)).toBe(true)
    }
    expect([one.has(ours, 2), one.has(oursOfIpv6, 39_999)]).toEqual([false, false])
  })

  it('are known of another process, too, as far as that has them', () => {
    const [{ one, other }, { one: before }] = [shared(), shared()]
    before.open(4, 1)
    before.open(4, 2)
    before.open(16, 3)
    one.open(4, 2)
    one.follow(before.places)
    const known = () => [1, 2].map((port) => other.has(ours, port)).concat(other.has(oursOfIpv6, 3))
    expect(known()).toEqual([true, true, true])
    before.close(4, 1)
    before.close(4, 2)
    one.follow(before.places)
    expect(known()).toEqual([false, true, true])
    one.follow([-1, 1e9])
    expect(known()).toEqual([false, true, false])
  })

  it('are no longer when the last socket with the port has closed', () => {
    const { one, other } = shared()
    one.open(4, 40_000)
    other.open(4, 40_000)
    one.close(4, 40_000)
    expect(one.has(ours, 40_000)).toBe(true)
    other.close(4, 40_000)
    expect(one.has(ours, 40_000)).toBe(false)
  })

  it('settle it alone, as a rule: no other port has its address looked for', () => {
    const { one, asked } = shared()
    one.open(4, 40_000)
    for (let port = 0; port < 65_536; port++) one.has(ours, port)
    expect(asked).toEqual([ours.bytes])
  })
})
