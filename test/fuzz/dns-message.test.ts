import { isIPv4 } from 'node:net'
import fc from 'fast-check'
import { expect } from 'vitest'
import { type Question, questionFor, RecordType, readReply } from '../../daemon/names/dns-message.ts'
import { bytes } from '../helpers/bytes.ts'
import { fuzz } from './campaign.ts'
import { inputs } from './input.ts'

const question = questionFor('a.test', RecordType.A) as Question
const most = 4

const name = fc.constantFrom(bytes(0xc0, 12), bytes(1, 97, 4, 'test', 0), bytes(0), bytes(1, 98, 0xc0, 14))
const data = fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ maxLength: 20 }))
const record = fc
  .tuple(name, fc.constantFrom(1, 1, 1, 5, 28), fc.uint8Array({ minLength: 4, maxLength: 4 }), data)
  .map(([owner, type, ttl, octets]) => bytes(owner, 0, type, 0, 1, ttl, 0, octets.length, octets))

/** Nearly right answers to the question, with the number 0. */
const replies = fc
  .tuple(fc.constantFrom(0x81, 0x83), fc.constantFrom(0x80, 0x83, 0x82), fc.array(record, { maxLength: 8 }))
  .map(([flags, code, records]) =>
    bytes(0, 0, flags, code, 0, 1, 0, records.length, 0, 0, 0, 0, question.bytes, ...records),
  )

fuzz({
  name: 'dns-message',
  inputs: inputs(replies),
  runs: 5000,
  async start() {
    return ({ said, cuts }) => {
      const reply = readReply(said, 0, question, most)
      if (!reply) return
      expect(reply.addresses.length).toBeLessThanOrEqual(most)
      for (const address of reply.addresses) expect(isIPv4(address), address).toBe(true)
      expect(reply.ttl).toBeGreaterThanOrEqual(0)
      for (const end of cuts) {
        const part = readReply(said.subarray(0, end), 0, question, most)?.addresses ?? []
        expect(part, 'cut short').toEqual(reply.addresses.slice(0, part.length))
      }
    }
  },
})
