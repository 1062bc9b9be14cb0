import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { parseLiteral } from '../../daemon/net/address.ts'
import { bytes } from './bytes.ts'
import type { AtEnd } from './temporary-folder.ts'

/**
 * What a server tells of a name: its addresses, for how many seconds they are good, RCODE, whether only plain questions (RFC 1035) get that,
 * and whether whoever asks by TCP gets nothing.
 */
export interface Zone {
  readonly [name: string]: {
    readonly addresses: readonly string[]
    readonly ttl?: number
    readonly code?: number
    readonly isOld?: boolean
    readonly noStreams?: boolean
  }
}

export interface DnsServer {
  /** `ADDR:PORT`. */
  readonly at: string
  /** The questions that came, as `name TYPE`, in their order; one that is asked again by TCP counts once. */
  readonly questions: readonly string[]
  /** From now on these questions wait until `release`; `name TYPE`. */
  hold(question: string): void
  release(): void
}

const types: Readonly<Record<number, { readonly name: string; readonly length: number }>> = {
  1: { name: 'A', length: 4 },
  28: { name: 'AAAA', length: 16 },
}
/** RCODE of a name that does not exist, and of a question that is not understood (RFC 1035, section 4.1.1). */
const [unknownName, malformed] = [3, 1]
/** What does not fit a datagram is cut to nothing, and so marked (TC); the client asks again by TCP. */
const [largestDatagram, truncated] = [512, 0x02]

/** Answers A and AAAA questions until the test is over, or what else `atEnd` waits for; names outside the zone do not exist. */
export async function startDnsServer(
  zone: Zone,
  address = '127.0.0.1',
  port = 0,
  atEnd: AtEnd = onTestFinished,
): Promise<DnsServer> {
  const questions: string[] = []
  const held = new Set<string>()
  let waiting: (() => void)[] = []
  const socket = createSocket('udp4', (query, from) => {
    const question = readQuestion(query)
    const asked = `${question.name} ${types[question.type]?.name}`
    questions.push(asked)
    const answer = () => {
      const known = zone[question.name]
      const isUnclear = known?.isOld && query.length > question.end
      const whole = encodeAnswer(query, question, isUnclear ? { addresses: [], code: malformed } : known)
      const cut = () => encodeAnswer(query, question, { addresses: [] }, truncated)
      socket.send(whole.length > largestDatagram ? cut() : whole, from.port, from.address)
    }
    if (held.has(asked)) waiting.push(answer)
    else answer()
  })
  const streams = await listen(address, port, zone)
  const at = streams.address() as AddressInfo
  try {
    socket.bind(at.port, address)
    await once(socket, 'listening')
  } catch (error) {
    // A port that is free for TCP may be another's for UDP.
    socket.close()
    streams.close()
    if (port !== 0) throw error
    return startDnsServer(zone, address, port, atEnd)
  }
  atEnd(async () => {
    socket.close()
    streams.close()
  })
  return {
    at: `${address}:${at.port}`,
    questions,
    hold: (question) => void held.add(question),
    release() {
      held.clear()
      for (const answer of waiting) answer()
      waiting = []
    },
  }
}

async function listen(address: string, port: number, zone: Zone): Promise<Server> {
  const streams = createServer((stream) => answerAll(stream, zone))
  streams.listen(port, address)
  await once(streams, 'listening')
  return streams
}

/** Each question comes, and each answer goes, behind its length in two bytes (RFC 1035, section 4.2.2). */
function answerAll(stream: Socket, zone: Zone): void {
  stream.on('error', () => {})
  let input = Buffer.alloc(0)
  stream.on('data', (chunk) => {
    input = Buffer.concat([input, chunk])
    while (input.length >= 2 && input.length >= 2 + input.readUInt16BE()) {
      const query = input.subarray(2, 2 + input.readUInt16BE())
      input = input.subarray(2 + query.length)
      const question = readQuestion(query)
      if (zone[question.name]?.noStreams) return void stream.destroy()
      const answer = encodeAnswer(query, question, zone[question.name])
      stream.write(bytes(answer.length >> 8, answer.length & 0xff, answer))
    }
  })
}

interface Question {
  readonly name: string
  readonly type: number
  /** Where it ends in the message. */
  readonly end: number
}

function readQuestion(query: Buffer): Question {
  const labels: string[] = []
  let at = 12
  for (let length = query[at] as number; length > 0; length = query[at] as number) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.'), type: query.readUInt16BE(at + 1), end: at + 5 }
}

function encodeAnswer(query: Buffer, { type, end }: Question, known: Zone[string] | undefined, flag = 0): Uint8Array {
  const records = (known?.addresses ?? []).flatMap((text) => {
    const address = parseLiteral(text)
    if (address?.length !== types[type]?.length) return []
    // The name is a pointer to the question's; then type, class IN, TTL, length and address.
    return [bytes(0xc0, 12, 0, type, 0, 1, 0, 0, 0, known?.ttl ?? 60, 0, address?.length ?? 0, address ?? '')]
  })
  const count = [records.length >> 8, records.length & 0xff]
  const flags = [0x81 | flag, 0x80 | (known ? (known.code ?? 0) : unknownName)]
  const header = bytes(query.subarray(0, 2), ...flags, 0, 1, ...count, 0, 0, 0, 0)
  return Buffer.concat([header, query.subarray(12, end), ...records])
}
