import { expect, test } from 'vitest'
import { encodeQuery, type Question, questionFor, RecordType, readReply } from '../../daemon/names/dns-message.ts'
import { bytes } from '../helpers/bytes.ts'

const id = 0x1234
const most = 32
const question = questionFor('a.test', RecordType.A) as Question
const pointer = [0xc0, 12]

/** A record of the question's name: TYPE, CLASS, TTL, then its data. */
function record(type: number, ttl: number, data: readonly number[], name: readonly number[] = pointer, inClass = 1) {
  const seconds = [ttl >>> 24, (ttl >> 16) & 255, (ttl >> 8) & 255, ttl & 255]
  return bytes(...name, 0, type, 0, inClass, ...seconds, data.length >> 8, data.length & 255, ...data)
}

interface Parts {
  readonly id?: number
  readonly flags?: readonly [number, number]
  readonly asked?: Question
  readonly count?: number
}

function message(records: readonly Uint8Array[], { flags = [0x81, 0x80], asked = question, ...parts }: Parts = {}) {
  const { count = records.length } = parts
  const own = parts.id ?? id
  const header = bytes(own >> 8, own & 255, ...flags, 0, 1, count >> 8, count & 255, 0, 0, 0, 0)
  return bytes(header, asked.bytes, ...records)
}

function read(...given: Parameters<typeof message>) {
  return readReply(message(...given), id, question, most)
}

const one = record(1, 60, [192, 0, 2, 1])

test('asks for one name, and for the server to find out', () => {
  const query = (plain: boolean) => Buffer.from(encodeQuery(id, question, plain)).toString('latin1')
  const asked = '\x01a\x04test\0\0\x01\0\x01'
  expect(query(true)).toBe(`\x12\x34\x01\0\0\x01\0\0\0\0\0\0${asked}`)
  expect(query(false)).toBe(`\x12\x34\x01\0\0\x01\0\0\0\0\0\x01${asked}\0\0\x29\x04\xd0\0\0\0\0\0\0`)
})

test.each(['', 'bad..test', '.test', `${'x'.repeat(64)}.test`, `${'x.'.repeat(127)}x`])(
  'asks nobody for %j',
  (name) => {
    expect(questionFor(name, RecordType.AAAA)).toBeUndefined()
  },
)

test('reads the addresses of the family that was asked for', () => {
  const six = questionFor('a.test', RecordType.AAAA) as Question
  const address = [0x20, 1, 0x0d, 0xb8, ...Array(11).fill(0), 1]
  const records = [one, record(28, 60, address), record(1, 60, [192, 0, 2, 2])]
  expect(read(records)).toMatchObject({ isKnown: true, isTruncated: false, addresses: ['192.0.2.1', '192.0.2.2'] })
  expect(readReply(message(records, { asked: six }), id, six, most)?.addresses).toEqual(['2001:db8::1'])
})

test('they are good for as long as every record on the way to them', () => {
  const alias = record(5, 7, [1, 98, 0])
  const behindAlias = record(1, 60, [192, 0, 2, 1], [1, 98, 0])
  expect(read([alias, behindAlias])).toMatchObject({ addresses: ['192.0.2.1'], ttl: 7 })
  expect(read([record(1, 0x8000_0000, [192, 0, 2, 1])])).toMatchObject({ ttl: 0 })
  expect(read([alias])).toMatchObject({ addresses: [], ttl: Number.POSITIVE_INFINITY })
})

test('passes over what is no address of the internet', () => {
  const odd = [record(16, 60, [3, 97, 98, 99]), record(1, 60, [1, 2, 3]), record(1, 60, [1, 2, 3, 4], pointer, 3)]
  expect(read([...odd, one])?.addresses).toEqual(['192.0.2.1'])
})

test('reads no more addresses than are wanted', () => {
  const many = Array.from({ length: 3_900 }, (_, n) => record(1, 60, [127, 1, n >> 8, n & 255]))
  const addresses = read(many)?.addresses ?? []
  expect([addresses.length, addresses.at(-1)]).toEqual([32, '127.1.0.31'])
})

test.each([
  ['no error', 0, true],
  ['a failure of the server', 2, false],
  ['no such name', 3, true],
  ['a refusal', 5, false],
])('tells whether the server knows: %s', (_, code, isKnown) => {
  expect(read([], { flags: [0x81, 0x80 | code] })).toMatchObject({ isKnown, addresses: [] })
})

test('reads no addresses of a name that there is not', () => {
  expect(read([one], { flags: [0x81, 0x83] })).toMatchObject({
    isKnown: true,
    addresses: [],
    ttl: Number.POSITIVE_INFINITY,
  })
})

test('tells that there is more', () => {
  expect(read([one], { flags: [0x83, 0x80] })).toMatchObject({ isTruncated: true, addresses: ['192.0.2.1'] })
})

test.each([
  ['there is more', message([], { flags: [0x83, 0x80] })],
  ['it breaks off behind the question', message([], { count: 1 })],
  ['it breaks off in an alias', message([record(5, 7, [1, 98, 0])]).subarray(0, -1)],
  ['it breaks off in an address', message([one]).subarray(0, -1)],
])('takes what has no address for no answer if %s', (_, cut) => {
  expect(readReply(cut, id, question, most)).toMatchObject({ isKnown: false, addresses: [] })
})

test('believes addresses though more would have come', () => {
  expect(read([one], { count: 2 })).toMatchObject({ isKnown: true, addresses: ['192.0.2.1'] })
  expect(read([one], { flags: [0x83, 0x80] })).toMatchObject({ isKnown: true, addresses: ['192.0.2.1'] })
})

test('takes the letters of the question in any case', () => {
  const asked = {
    ...question,
    bytes: Buffer.from(Buffer.from(question.bytes).toString('latin1').toUpperCase(), 'latin1'),
  }
  expect(read([one], { asked })?.addresses).toEqual(['192.0.2.1'])
})

test.each([
  ['to another question', message([one], { asked: questionFor('b.test', RecordType.A) as Question })],
  ['to one of another type', message([one], { asked: questionFor('a.test', RecordType.AAAA) as Question })],
  ['with another number', message([one], { id: id + 1 })],
  ['that is a question', message([one], { flags: [0x01, 0] })],
  ['that is too short', message([]).subarray(0, 20)],
])('takes no answer %s', (_, answer) => {
  expect(readReply(answer, id, question, most)).toBeUndefined()
})

test('counts what is there of an answer that is cut off, wherever that is', () => {
  const whole = message([one, record(5, 7, [1, 98, 0]), one, one])
  for (let length = 0; length <= whole.length; length++) {
    const addresses = readReply(whole.subarray(0, length), id, question, most)?.addresses ?? []
    expect(addresses).toEqual(Array(addresses.length).fill('192.0.2.1'))
  }
  expect(read([one], { count: 65_535 })?.addresses).toEqual(['192.0.2.1'])
})
