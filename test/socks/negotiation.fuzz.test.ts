import fc from 'fast-check'
import { expect, it } from 'vitest'
import { bytes } from '../helpers/bytes.ts'
import { negotiate } from './negotiate.ts'

/** Nearly right conversations, so that the fuzz gets past the first bytes. */
const greeting = fc.constantFrom(bytes(5, 1, 0), bytes(5, 1, 2), bytes(5, 2, 0, 2), bytes(5, 0), bytes(4, 1))
const login = fc.constantFrom(bytes(1, 5, 'alice', 6, 'secret'), bytes(1, 1, 'x', 1, 'y'), bytes())
const octets = (maxLength: number) => fc.uint8Array({ maxLength })
const target = fc.oneof(
  fc.uint8Array({ minLength: 4, maxLength: 4 }).map((address) => bytes(1, address)),
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((address) => bytes(4, address)),
  fc
    .oneof(fc.domain(), fc.ipV4(), fc.ipV6(), fc.string({ unit: 'binary-ascii', maxLength: 255 }))
    .map((name) => bytes(3, name.length, name)),
  octets(20),
)
const request = fc
  .tuple(fc.constantFrom(1, 1, 1, 2, 3, 9), target, octets(2))
  .map(([command, to, port]) => bytes(5, command, 0, to, port))
const conversation = fc.tuple(greeting, login, request, octets(40)).map((parts) => bytes(...parts))
const input = fc.oneof(conversation, octets(600))
const cuts = fc.array(fc.nat(700), { maxLength: 30 })

function cut(input: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...places.filter((place) => place < input.length), input.length].sort((a, b) => a - b)
  return ends.map((end, i) => input.subarray(ends[i - 1] ?? 0, end))
}

it('never throws, and comes to the same however the bytes are cut', () => {
  fc.assert(
    fc.property(input, cuts, fc.boolean(), (input, places, passwordRequired) => {
      expect(negotiate(cut(input, places), passwordRequired)).toEqual(negotiate([input], passwordRequired))
    }),
    { numRuns: 3000 },
  )
})

it('answers only with whole messages of the protocol', () => {
  fc.assert(
    fc.property(input, fc.boolean(), (input, passwordRequired) => {
      const { replies, step } = negotiate([input], passwordRequired)
      expect(replies).toMatch(/^(05(ff|00|02(01(00|01))?)(050[178]0001(00){6})?)?$/)
      if (step.includes(' ')) expect(replies).toBe(passwordRequired ? '05020100' : '0500')
    }),
    { numRuns: 3000 },
  )
})
