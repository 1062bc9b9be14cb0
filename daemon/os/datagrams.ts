import * as libc from './libc.ts'
import { socketAddressBytes } from './socket-address.ts'

/**
 * Many datagrams by one call: recvmmsg(2) and sendmmsg(2). What comes in may go out again from where it lies, with other
 * bytes before it. The structures are those of 64-bit little-endian machines, as `libc.ts` has made sure.
 */

/** Datagrams in one call. */
export const batchSize = 32
/** Free bytes before each datagram that came in. */
const headroom = 64
/** No UDP payload is longer (65,507 bytes over IPv4, 65,527 over IPv6). */
const longest = 65_536
/** Not a multiple of a page, or all datagrams would share the same few lines of the processor's cache. */
const stride = headroom + longest

/** struct mmsghdr in 32-bit words, and which of them hold what. */
const headerWords = 16
const nameWord = 0
const nameLengthWord = 2
const vectorWord = 4
const vectorCountWord = 6
const lengthWord = 14
/** struct iovec in 32-bit words. */
const vectorWords = 4
/** A socket address and some room, in bytes. */
const nameBytes = 32

const MSG_DONTWAIT = 0x40
const MSG_NOSIGNAL = 0x4000

/** The mmsghdr structures of one direction, each with one iovec and one socket address. */
class Headers {
  readonly words = new Uint32Array(batchSize * headerWords)
  readonly vectors = new Uint32Array(batchSize * vectorWords)
  readonly names: readonly Uint8Array[]

  constructor() {
    const names = new Uint8Array(batchSize * nameBytes)
    const [nameAt, vectorAt] = [libc.addressOfMemory(names), libc.addressOfMemory(this.vectors)]
    this.names = Array.from({ length: batchSize }, (_, i) =>
      names.subarray(i * nameBytes, i * nameBytes + socketAddressBytes),
    )
    for (let i = 0; i < batchSize; i++) {
      const at = i * headerWords
      writePointer(this.words, at + nameWord, nameAt + i * nameBytes)
      writePointer(this.words, at + vectorWord, vectorAt + i * vectorWords * 4)
      this.words[at + nameLengthWord] = socketAddressBytes
      this.words[at + vectorCountWord] = 1
    }
  }
}

/** Addresses have 47 bits, so that numbers hold them exactly. */
function writePointer(words: Uint32Array, at: number, pointer: number): void {
  words[at] = pointer
  words[at + 1] = Math.floor(pointer / 2 ** 32)
}

/** What came in by the last call. */
export class Arrivals {
  /** Where the datagrams lie, each from `start(i)` on, behind bytes that may be written to. */
  readonly memory = new Uint8Array(batchSize * stride)
  readonly #headers = new Headers()
  #count = 0

  constructor() {
    const base = libc.addressOfMemory(this.memory)
    const { vectors } = this.#headers
    for (let i = 0; i < batchSize; i++) {
      writePointer(vectors, i * vectorWords, base + this.start(i))
      vectors[i * vectorWords + 2] = longest
    }
  }

  /** Take what waits at the socket, at most `batchSize`; returns how many, or a negated errno. */
  receive(fd: number): number {
    const { words } = this.#headers
    for (let i = 0; i < this.#count; i++) words[i * headerWords + nameLengthWord] = socketAddressBytes
    const count = libc.recvmmsg(fd, words, batchSize, MSG_DONTWAIT, null)
    this.#count = Math.max(0, count)
    return count
  }

  /** Where datagram `i` begins in `memory`; at least 22 bytes before it are free. */
  start(i: number): number {
    return i * stride + headroom
  }

  /** The datagram's length in bytes. */
  length(i: number): number {
    return this.#headers.words[i * headerWords + lengthWord]
  }

  /** The socket address that it came from; good until the next call. */
  source(i: number): Uint8Array {
    return this.#headers.names[i] as Uint8Array
  }
}

/** What goes out by the next call: stretches of the same memory. */
export class Departures {
  readonly #headers = new Headers()
  readonly #base: number
  /** By datagram: the bytes that count as its payload. */
  readonly #payloads = new Uint32Array(batchSize)
  #count = 0
  /** How many the kernel has taken so far. */
  taken = 0

  constructor({ memory }: Arrivals) {
    this.#base = libc.addressOfMemory(memory)
  }

  /**
   * Add `length` bytes of the memory from `start` on, the last `payload` of which are payload, for the socket address that
   * the caller writes into what this returns. At most `batchSize` between two calls.
   */
  add(start: number, length: number, payload: number): Uint8Array {
    const i = this.#count++
    const { vectors, names } = this.#headers
    writePointer(vectors, i * vectorWords, this.#base + start)
    vectors[i * vectorWords + 2] = length
    this.#payloads[i] = payload
    return names[i] as Uint8Array
  }

  /**
   * Send them all; returns the bytes of payload that the kernel took, and counts these in `taken`. A datagram that it does not take is lost, as it might
   * be on its way, and when there is no room for more, so are those behind it.
   */
  send(fd: number): number {
    const { words } = this.#headers
    let bytes = 0
    for (let next = 0; next < this.#count; ) {
      const sent = libc.sendmmsg(
        fd,
        words.subarray(next * headerWords),
        this.#count - next,
        MSG_DONTWAIT | MSG_NOSIGNAL,
      )
      if (sent === -libc.errno.EAGAIN) break
      for (let i = next; i < next + sent; i++) bytes += this.#payloads[i]
      this.taken += Math.max(sent, 0)
      next += Math.max(sent, 1)
    }
    this.#count = 0
    return bytes
  }
}
