import { randomInt } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { connect, isIPv6 } from 'node:net'
import type { Endpoint } from '../net/endpoint.ts'
import { encodeQuery, idOf, type Question, type Reply, readReply } from './dns-message.ts'
import type { Payer } from './shares.ts'
import { StreamPlaces } from './stream-places.ts'

/** Milliseconds in which a question is answered, or asked of another server. */
const patience = 2_000
/** Questions asked from one port: whoever would forge an answer has to guess it (RFC 5452, section 4.5). */
const questionsPerPort = 64
/** Streams at once to one server. */
const mostStreams = 32
/** Bytes that are looked at of an answer that comes by a stream: enough for all addresses that are wanted. */
const mostStreamBytes = 8_192
/** Bytes of the length that stands before a message in a stream (RFC 1035, section 4.2.2). */
const lengthBytes = 2

/** One server that questions are asked of: by a datagram, and if the answer is too long for that, by a stream. */
export class DnsServer {
  readonly #at: Endpoint
  readonly #most: number
  #port: Port | undefined
  readonly #streams = new StreamPlaces(mostStreams)

  /** `most`: addresses that are wanted of one name and family. */
  constructor(at: Endpoint, most: number) {
    this.#at = at
    this.#most = most
  }

  /**
   * What the server tells; undefined if it is nothing, or not in time. Never rejects. `plain`: see `encodeQuery`. `payer`: on whose
   * account it is asked.
   */
  async ask(question: Question, plain: boolean, payer: Payer): Promise<Reply | undefined> {
    if (!this.#port?.hasRoom) this.#port = new Port(this.#at)
    const reply = await this.#port.ask({ question, plain, most: this.#most })
    if (!reply?.isTruncated || reply.addresses.length === this.#most) return reply
    return (await this.#askByStream(question, payer)) ?? reply
  }

  async #askByStream(question: Question, payer: Payer): Promise<Reply | undefined> {
    await this.#streams.enter(payer)
    const id = randomId()
    const message = await exchange(this.#at, encodeQuery(id, question, true))
    this.#streams.leave(payer)
    return message && readReply(message, id, question, this.#most)
  }
}

interface Asked {
  readonly question: Question
  readonly plain: boolean
  readonly most: number
}

interface Wait extends Asked {
  readonly settle: (reply: Reply | undefined) => void
}

/** A port of ours that a few questions go out from; closed when all are answered. */
class Port {
  readonly #socket: Socket
  readonly #connected: Promise<unknown>
  readonly #waiting = new Map<number, Wait>()
  #isOpen = true
  #asked = 0

  constructor({ address, port }: Endpoint) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#connected = promise
    this.#socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
    this.#socket.on('message', (message) => this.#receive(message))
    // The server refuses (ECONNREFUSED), or there is no way to it.
    this.#socket.on('error', () => this.#close())
    // With a listener in the call, a failure would be its alone.
    this.#socket.once('connect', resolve).connect(port, address)
  }

  get hasRoom(): boolean {
    return this.#isOpen && this.#asked < questionsPerPort
  }

  async ask(asked: Asked): Promise<Reply | undefined> {
    this.#asked++
    const id = this.#freeId()
    const { promise, resolve: settle } = Promise.withResolvers<Reply | undefined>()
    this.#waiting.set(id, { ...asked, settle })
    const timer = setTimeout(settle, patience, undefined)
    const query = encodeQuery(id, asked.question, asked.plain)
    void this.#connected.then(() => this.#isOpen && this.#socket.send(query))
    const reply = await promise
    clearTimeout(timer)
    this.#waiting.delete(id)
    if (this.#waiting.size === 0) this.#close()
    return reply
  }

  /** What answers none of the questions is somebody else's. */
  #receive(message: Uint8Array): void {
    if (message.length < 2) return
    const id = idOf(message)
    const wait = this.#waiting.get(id)
    const reply = wait && readReply(message, id, wait.question, wait.most)
    if (reply) wait.settle(reply)
  }

  #close(): void {
    if (this.#isOpen) this.#socket.close()
    this.#isOpen = false
    for (const { settle } of this.#waiting.values()) settle(undefined)
  }

  #freeId(): number {
    for (;;) {
      const id = randomId()
      if (!this.#waiting.has(id)) return id
    }
  }
}

function randomId(): number {
  return randomInt(0x1_0000)
}

/** Sends a message by a stream of its own, and takes the beginning of the answer (RFC 1035, section 4.2.2). */
function exchange({ address, port }: Endpoint, query: Uint8Array): Promise<Uint8Array | undefined> {
  const { promise, resolve } = Promise.withResolvers<Uint8Array | undefined>()
  const answer = Buffer.alloc(lengthBytes + mostStreamBytes)
  let received = 0
  const take = (count: number, chunk: Uint8Array) => {
    received += Buffer.from(chunk.buffer, chunk.byteOffset, count).copy(answer, received)
    if (received >= lengthBytes + Math.min(answer.readUInt16BE(), mostStreamBytes)) stream.destroy()
    return true
  }
  const onread = { buffer: Buffer.alloc(mostStreamBytes), callback: take }
  const stream = connect({ host: address, port, noDelay: true, onread })
  const timer = setTimeout(() => stream.destroy(), patience)
  stream.write(Buffer.concat([Uint8Array.of(query.length >> 8, query.length & 0xff), query]))
  stream.on('error', () => {})
  stream.on('end', () => stream.destroy())
  stream.on('close', () => {
    clearTimeout(timer)
    resolve(received > lengthBytes ? answer.subarray(lengthBytes, received) : undefined)
  })
  return promise
}
