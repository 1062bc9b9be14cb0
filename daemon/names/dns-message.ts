import { formatAddress } from '../net/address.ts'

/** Questions and answers of the domain name system (RFC 1035, section 4), as much as it takes to find addresses. */

/** TYPE of the addresses of each family (RFC 1035, section 3.2.2; RFC 3596). */
export const RecordType = { A: 1, AAAA: 28 } as const
export type RecordType = (typeof RecordType)[keyof typeof RecordType]

export interface Question {
  readonly type: RecordType
  /** As it is in a message: QNAME, QTYPE, QCLASS. */
  readonly bytes: Uint8Array
}

export interface Reply {
  /** TC: there is more, and a stream brings it. */
  readonly isTruncated: boolean
  /** Whether the name has these addresses, or none; else this server does not know, or has not told it all. */
  readonly isKnown: boolean
  /** Literals, as many as were wanted at most. */
  readonly addresses: readonly string[]
  /** Seconds for which they are good; infinite without addresses. */
  readonly ttl: number
}

const headerBytes = 12
const [longestLabel, longestName] = [63, 253]
const cname = 5
const internet = 1
/** An OPT record (RFC 6891, section 6.1.2) for datagrams of 1,232 bytes, which no link has to take apart. */
const largerDatagrams = Uint8Array.of(0, 0, 41, 1232 >> 8, 1232 & 0xff, 0, 0, 0, 0, 0, 0)
/** TC, in the first byte of flags. */
const truncation = 2
/** RCODE: the name has what is told; there is no such name. */
const [noError, noName] = [0, 3]
/** What a message tells that has no name, or a failure: the system's resolver reads nothing else of it either. */
const noAnswers = { addresses: [], ttl: Number.POSITIVE_INFINITY, isWhole: true }

/** The question for a name's addresses; undefined if it is no name that servers know of. */
export function questionFor(name: string, type: RecordType): Question | undefined {
  const labels = name.split('.')
  const isGood = labels.every(({ length }) => length > 0 && length <= longestLabel) && name.length <= longestName
  if (!isGood) return undefined
  const text = labels.map((label) => String.fromCharCode(label.length) + label).join('')
  return {
    type,
    bytes: Buffer.from(`${text}\0\0${String.fromCharCode(type)}\0${String.fromCharCode(internet)}`, 'latin1'),
  }
}

/**
 * A message with this question, which asks the server to find out for us (RD). Unless it is `plain`, as RFC 1035 has it, it
 * tells that larger datagrams may come (RFC 6891).
 */
export function encodeQuery(id: number, question: Question, plain: boolean): Uint8Array {
  const header = Uint8Array.of(id >> 8, id & 0xff, 1, 0, 0, 1, 0, 0, 0, 0, 0, plain ? 0 : 1)
  return Buffer.concat(plain ? [header, question.bytes] : [header, question.bytes, largerDatagrams])
}

/** ID of a message. */
export function idOf(message: Uint8Array): number {
  return (message[0] << 8) | message[1]
}

/**
 * What a message tells of the question, of which its first `most` addresses are read; undefined if it is no answer to
 * this one. A message may be cut off: what is there counts, but that no address is there does not mean that there is none.
 */
export function readReply(message: Uint8Array, id: number, question: Question, most: number): Reply | undefined {
  if (message.length < headerBytes + question.bytes.length || idOf(message) !== id) return undefined
  const [, , flags, code, , questions] = message
  const isResponse = (flags & 0xf8) === 0x80
  if (!isResponse || questions !== 1 || !isSameQuestion(message, question)) return undefined
  const isTruncated = (flags & truncation) !== 0
  const outcome = code & 15
  const { isWhole, ...answers } = outcome === noError ? readAnswers(message, question, most) : noAnswers
  const isKnown = outcome === noName || (outcome === noError && (isWhole || answers.addresses.length > 0))
  return { isTruncated, isKnown, ...answers }
}

/** Servers may write the letters of a name in other cases (RFC 4343). */
function isSameQuestion(message: Uint8Array, { bytes }: Question): boolean {
  const asked = Buffer.from(message.subarray(headerBytes, headerBytes + bytes.length)).toString('latin1')
  return asked.toLowerCase() === Buffer.from(bytes).toString('latin1').toLowerCase()
}

/** NAME, TYPE, CLASS, TTL, RDLENGTH, RDATA (RFC 1035, section 3.2.1). The aliases on the way to the addresses count too. */
function readAnswers(
  message: Uint8Array,
  { type, bytes }: Question,
  most: number,
): { addresses: string[]; ttl: number; isWhole: boolean } {
  const view = new DataView(message.buffer, message.byteOffset, message.length)
  const addresses: string[] = []
  let ttl = Number.POSITIVE_INFINITY
  let at = headerBytes + bytes.length
  let left = view.getUint16(6)
  for (; left > 0 && addresses.length < most; left--) {
    at = behindName(message, at)
    if (at + 10 > message.length) break
    const [recordType, recordClass, length] = [view.getUint16(at), view.getUint16(at + 2), view.getUint16(at + 8)]
    const data = message.subarray(at + 10, at + 10 + length)
    const isAddress = recordType === type && length === (type === RecordType.A ? 4 : 16) && data.length === length
    if (recordClass === internet && (isAddress || recordType === cname)) ttl = Math.min(ttl, secondsAt(view, at + 4))
    if (recordClass === internet && isAddress) addresses.push(formatAddress(data))
    at += 10 + length
  }
  const isWhole = left === 0 && at <= message.length && (message[2] & truncation) === 0
  return { addresses, ttl: addresses.length > 0 ? ttl : Number.POSITIVE_INFINITY, isWhole }
}

/** One with its highest bit set counts as 0 (RFC 2181, section 8). */
function secondsAt(view: DataView, at: number): number {
  return Math.max(0, view.getInt32(at))
}

/** Labels end with an empty one or a pointer (RFC 1035, section 4.1.4); where they lead to does not matter here. */
function behindName(message: Uint8Array, start: number): number {
  let at = start
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    if (length >= 0xc0) return at + 2
    at += 1 + length
  }
  return at + 1
}
