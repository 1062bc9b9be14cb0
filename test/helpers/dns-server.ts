import { createSocket, type RemoteInfo } from 'node:dgram'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { parseLiteral } from '../../daemon/net/address.ts'
import { bytes } from './bytes.ts'

/** What a server tells of a name: its addresses, and for how many seconds they are good. */
export interface Zone {
  readonly [name: string]: { readonly addresses: readonly string[]; readonly ttl?: number }
}

export interface DnsServer {
  /** `ADDR:PORT`. */
  readonly at: string
  /** The questions that came, as `name TYPE`, in their order. */
  readonly questions: readonly string[]
  /** From now on these questions wait until `release`; `name TYPE`. */
  hold(question: string): void
  release(): void
}

const types: Readonly<Record<number, { readonly name: string; readonly length: number }>> = {
  1: { name: 'A', length: 4 },
  28: { name: 'AAAA', length: 16 },
}
/** RCODE of a name that does not exist (RFC 1035, section 4.1.1). */
const unknownName = 3

/** Answers A and AAAA questions by UDP until the test is over; names outside the zone do not exist. */
export async function startDnsServer(zone: Zone): Promise<DnsServer> {
  const questions: string[] = []
  const held = new Set<string>()
  let waiting: (() => void)[] = []
  const socket = createSocket('udp4', (query, from) => {
    const question = readQuestion(query)
    const asked = `${question.name} ${types[question.type]?.name}`
    questions.push(asked)
    const answer = () => reply(query, question, from)
    if (held.has(asked)) waiting.push(answer)
    else answer()
  })
  const reply = (query: Buffer, question: Question, { address, port }: RemoteInfo) =>
    socket.send(encodeAnswer(query, question, zone), port, address)
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  onTestFinished(() => void socket.close())
  return {
    at: `127.0.0.1:${socket.address().port}`,
    questions,
    hold: (question) => void held.add(question),
    release() {
      held.clear()
      for (const answer of waiting) answer()
      waiting = []
    },
  }
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

function encodeAnswer(query: Buffer, { name, type, end }: Question, zone: Zone): Uint8Array {
  const known = zone[name]
  const records = (known?.addresses ?? []).flatMap((text) => {
    const address = parseLiteral(text)
    if (address?.length !== types[type]?.length) return []
    // The name is a pointer to the question's; then type, class IN, TTL, length and address.
    return [bytes(0xc0, 12, 0, type, 0, 1, 0, 0, 0, known?.ttl ?? 60, 0, address?.length ?? 0, address ?? '')]
  })
  const flags = [0x81, known ? 0x80 : 0x80 | unknownName]
  const header = bytes(query.subarray(0, 2), ...flags, 0, 1, 0, records.length, 0, 0, 0, 0)
  return bytes(header, query.subarray(12, end), ...records)
}
