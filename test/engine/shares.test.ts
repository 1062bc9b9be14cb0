import { assert, integer, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { holderOf, Shares } from '../../daemon/engine/shared/shares.ts'
import { parseAddress } from '../../daemon/net/address.ts'

const bytesOf = (literal: string) => parseAddress(literal)?.bytes ?? new Uint8Array(0)

/** Lets holders take all that they may, one after the other, of so many; returns how many each has got. */
function fill(most: number, holders: number): number[] {
  const shares = new Shares(1)
  let left = most
  return Array.from({ length: holders }, (_, i) => {
    let got = 0
    for (; shares.isFree(`${i}`, left) && left > 0; got++, left--) shares.take(`${i}`)
    return got
  })
}

describe('the shares of associations', () => {
  it('are a user’s wherever he comes from, and without a login those of an address, or an IPv6 network of 64 bits', () => {
    const [here, there] = [bytesOf('192.0.2.1'), bytesOf('192.0.2.2')]
    expect(holderOf(7, here)).toBe(holderOf(7, there))
    expect(holderOf(7, here)).not.toBe(holderOf(8, here))
    expect(holderOf(0, here)).not.toBe(holderOf(0, there))
    expect(holderOf(0, bytesOf('2001:db8::1'))).toBe(holderOf(0, bytesOf('2001:db8::ffff:1')))
    expect(holderOf(0, bytesOf('2001:db8::1'))).not.toBe(holderOf(0, bytesOf('2001:db8:0:1::1')))
  })

  it('give one alone three quarters, and each one who comes then as much of the rest', () => {
    expect(fill(4_096, 4)).toEqual([3_072, 768, 192, 48])
    assert(
      property(integer({ min: 1, max: 10_000 }), integer({ min: 1, max: 8 }), (most, holders) => {
        let left = most
        for (const got of fill(most, holders)) {
          expect(got).toBe(Math.ceil((left * 3) / 4))
          left -= got
        }
      }),
    )
  })

  it('are counted for all loops by each, as if a holder had as many in every one', () => {
    const shares = new Shares(4)
    for (let taken = 0; taken < 6; taken++) shares.take('one')
    expect(shares.isFree('one', 9)).toBe(true)
    expect(shares.isFree('one', 8)).toBe(false)
    expect(shares.isFree('other', 1)).toBe(true)
    expect(shares.isFree('other', 0)).toBe(false)
  })

  it('are given back', () => {
    const shares = new Shares(1)
    for (const holder of ['one', 'one', 'one', 'other']) shares.take(holder)
    expect([shares.size, shares.isFree('one', 1)]).toEqual([4, false])
    shares.give('one')
    shares.give('other')
    expect([shares.size, shares.isFree('one', 1)]).toEqual([2, true])
  })
})
