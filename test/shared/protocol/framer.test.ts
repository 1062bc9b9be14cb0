import { describe, expect, it } from 'vitest'
import { RpcError } from '../../../shared/protocol/errors.ts'
import { LineFramer } from '../../../shared/protocol/framer.ts'
import { bytes } from '../../helpers/bytes.ts'

type Outcome = string | RpcError['kind']

/** What comes of a stream cut into chunks: the lines, and what was refused as `!kind`. A line too long ends it. */
function split(stream: Uint8Array, chunkSize: number, limit = 16): Outcome[] {
  const framer = new LineFramer(limit)
  const outcomes: Outcome[] = []
  for (let start = 0; start < stream.length; start += chunkSize) {
    framer.feed(stream.subarray(start, start + chunkSize))
    for (let outcome = next(framer); outcome !== undefined; outcome = next(framer)) {
      outcomes.push(outcome)
      if (outcome === '!too_large') return outcomes
    }
  }
  return outcomes
}

function next(framer: LineFramer): Outcome | undefined {
  try {
    return framer.next()
  } catch (error) {
    return `!${(error as RpcError).kind}`
  }
}

const vectors: [what: string, stream: Uint8Array, outcomes: Outcome[]][] = [
  ['lines', bytes('one\ntwo\n'), ['one', 'two']],
  ['a carriage return before the line end', bytes('one\r\ntwo\r\n'), ['one', 'two']],
  ['a carriage return elsewhere', bytes('o\rne\n'), ['o\rne']],
  ['blank lines', bytes('\n\r\n\none\n\n'), ['one']],
  ['no line end', bytes('one\ntw'), ['one']],
  ['characters of two, three and four bytes', Buffer.from('é€😀\nè\n'), ['é€😀', 'è']],
  ['a NUL', bytes('a', 0, 'b\n'), ['a\0b']],
  ['a byte order mark, kept for the parser to refuse', bytes(0xef, 0xbb, 0xbf, '{}\n'), ['\ufeff{}']],
  ['a stray continuation byte, then a good line', bytes('a', 0x80, '\none\n'), ['!parse_error', 'one']],
  ['a surrogate in UTF-8', bytes(0xed, 0xa0, 0x80, '\n'), ['!parse_error']],
  ['an overlong NUL', bytes(0xc0, 0x80, '\n'), ['!parse_error']],
  ['a character cut off by the line end', bytes(0xe2, 0x82, '\n', 0xac, '\n'), ['!parse_error', '!parse_error']],
  ['a line of just the limit', bytes('0123456789abcdef\n'), ['0123456789abcdef']],
  ['a line beyond the limit', bytes('one\n0123456789abcdefg\ntwo\n'), ['one', '!too_large']],
  ['no line end within the limit', bytes('0123456789abcdefg'), ['!too_large']],
]

describe.each(vectors)('%s', (_, stream, outcomes) => {
  it('whole', () => expect(split(stream, stream.length)).toEqual(outcomes))

  it.each([1, 2, 3, 7])('in chunks of %i', (size) => expect(split(stream, size)).toEqual(outcomes))
})

it('obeys a limit changed between two lines of one chunk', () => {
  const framer = new LineFramer(4)
  framer.feed(bytes('1234\n12345678\n1234\n'))
  expect(framer.next()).toBe('1234')
  framer.limit = 8
  expect(framer.next()).toBe('12345678')
  framer.limit = 3
  expect(() => framer.next()).toThrow(RpcError)
})

it('keeps no more than the limit of an unfinished line, and none of the chunks it came in', () => {
  const limit = 1024
  const framer = new LineFramer(limit)
  const chunk = new Uint8Array(1)
  chunk[0] = 0x61
  for (let i = 0; i < limit; i++) {
    framer.feed(chunk)
    expect(framer.next()).toBeUndefined()
  }
  chunk[0] = 0x0a
  framer.feed(chunk)
  expect(framer.next()).toBe('a'.repeat(limit))
})

it('refuses a stream without line ends at the limit, however long it goes on', () => {
  const framer = new LineFramer(1024 * 1024)
  const chunk = new Uint8Array(64 * 1024).fill(0x61)
  let fed = 0
  const feedAll = () => {
    for (; fed < 300 * 1024 * 1024; fed += chunk.length) {
      framer.feed(chunk)
      framer.next()
    }
  }
  expect(feedAll).toThrow(RpcError)
  expect(fed).toBe(1024 * 1024)
})
