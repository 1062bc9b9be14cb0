import { describe, expect, it } from 'vitest'
import { Contacts } from '../../daemon/engine/shared/contacts.ts'

const families = [
  ['IPv4', (i: number) => Uint8Array.of(200, i >> 16, i >> 8, i)],
  ['IPv6', (i: number) => Uint8Array.of(0x20, 1, ...Array(11).fill(0), i >> 16, i >> 8, i)],
] as const

describe.each(families)('the addresses that an association has sent to, of %s', (_, address) => {
  const numbers = (count: number) => [...Array(count).keys()]
  const remembered = (contacts: Contacts, count: number) => numbers(count).filter((i) => contacts.has(address(i)))

  it('are the last 1,024 ones', () => {
    const contacts = new Contacts({ size: 1 })
    for (const i of numbers(1_100)) contacts.add(address(i), undefined, 53)
    expect(remembered(contacts, 1_100)).toEqual(numbers(1_100).slice(-1_024))
  })

  it('stay those that were sent to again', () => {
    const contacts = new Contacts({ size: 1 })
    for (const i of numbers(2_000)) {
      contacts.add(address(i), undefined, 53)
      contacts.add(address(0), undefined, 53)
    }
    expect(contacts.has(address(0))).toBe(true)
    expect(remembered(contacts, 2_000)).toHaveLength(1_024)
  })

  it('become fewer as there are more associations, but not too few', () => {
    const associations = { size: 1 }
    const contacts = new Contacts(associations)
    for (const i of numbers(1_024)) contacts.add(address(i), undefined, 53)
    for (const [again, [size, left]] of [
      [1_000, 131],
      [1_000_000, 32],
    ].entries()) {
      associations.size = size ?? 0
      contacts.add(address(again), undefined, 53)
      expect(remembered(contacts, 1_024)).toHaveLength(left ?? 0)
    }
  })

  it('are forgotten by what they were sent to as last', () => {
    const contacts = new Contacts({ size: 1 })
    for (const i of numbers(3)) contacts.add(address(i), `n${i}.example`, 53)
    contacts.add(address(1), undefined, 80)
    contacts.review(({ name, port }) => name !== 'n0.example' && port !== 80)
    expect(remembered(contacts, 3)).toEqual([2])
    contacts.add(address(1), undefined, 80)
    expect(remembered(contacts, 3)).toEqual([1, 2])
  })
})
