import { expect, it } from 'vitest'
import { LongHeads } from '../../daemon/engine/shared/long-heads.ts'

const address = (last: number) => Uint8Array.of(192, 0, 2, last)

it('leaves others room for long heads, however many one source sends', () => {
  const heads = new LongHeads()
  let slot = 0
  const taken = (last: number) => {
    const first = slot
    while (heads.take(slot, address(last))) slot++
    return slot - first
  }
  expect([taken(1), taken(2), taken(3)]).toEqual([192, 48, 12])
  expect(heads.take(0, address(1))).toBe(true)
  for (let each = 0; each < slot; each++) heads.release(each)
  heads.release(0)
  expect(taken(4)).toBe(192)
})
