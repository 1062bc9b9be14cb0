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
const controlWord = 8
const controlLengthWord = 10
const lengthWord = 14
/** struct iovec in 32-bit words. */
const vectorWords = 4
/** A socket address and some room, in 32-bit words. */
const nameWords = 8
/** struct cmsghdr and a number of 16 bits, in 32-bit words, and in the bytes that count. */
const controlWords = 6
const controlBytes = 18

const MSG_DONTWAIT = 0x40
const MSG_NOSIGNAL = 0x4000
const SOL_UDP = 17
const UDP_SEGMENT = 103
/** Bytes that datagrams have which leave as one message: those of an IP packet, without its headers. */
const longestMessage = 65_000
const nothing = new Int32Array(1)

/** The mmsghdr structures of one direction, each with one iovec and one socket address. */
class Headers {
  readonly words = new Uint32Array(batchSize * headerWords)
  readonly vectors = new Uint32Array(batchSize * vectorWords)
  readonly names: readonly Uint8Array[]
  readonly #nameWords = new Uint32Array(batchSize * nameWords)
  readonly #nameAt = libc.addressOfMemory(this.#nameWords)
  readonly #vectorAt = libc.addressOfMemory(this.vectors)

  constructor() {
    const { buffer } = this.#nameWords
    this.names = Array.from(
      { length: batchSize },
      (_, i) => new Uint8Array(buffer, i * nameWords * 4, socketAddressBytes),
    )
    for (let i = 0; i < batchSize; i++) {
      this.words[i * headerWords + nameLengthWord] = socketAddressBytes
      this.point(i, i, 1)
    }
  }

  /** Message `message` is what `count` iovecs from `first` on hold, with the socket address of `first`. */
  point(message: number, first: number, count: number): void {
    const at = message * headerWords
    writePointer(this.words, at + nameWord, this.#nameAt + first * nameWords * 4)
    writePointer(this.words, at + vectorWord, this.#vectorAt + first * vectorWords * 4)
    this.words[at + vectorCountWord] = count
  }

  /** Whether two of the socket addresses are the same. */
  isSameName(one: number, other: number): boolean {
    for (let i = 0; i < nameWords; i++)
      if (this.#nameWords[one * nameWords + i] !== this.#nameWords[other * nameWords + i]) return false
    return true
  }
}

/** Addresses have 47 bits, so that numbers hold them exactly. */
function writePointer(words: Uint32Array, at: number, pointer: number): void {
  words[at] = pointer
  words[at + 1] = pointer / 2 ** 32
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

  /** Whether two came from the same socket address. */
  isSameSource(one: number, other: number): boolean {
    return this.#headers.isSameName(one, other)
  }
}

/**
 * What goes out by the next call: stretches of the same memory. Neighbours of one length with one address are one message to the
 * kernel, which cuts it up only where it leaves (UDP_SEGMENT, udp(7)); the last of them may be shorter.
 */
export class Departures {
  readonly #headers = new Headers()
  readonly #base: number
  readonly #control = new Uint32Array(batchSize * controlWords)
  /** By datagram: the bytes that count as its payload. */
  readonly #payloads = new Uint32Array(batchSize)
  /** By message: its datagrams. */
  readonly #runs = new Uint32Array(batchSize)
  #count = 0
  /** Whether the kernel cuts messages up; not asked yet: undefined. Without Linux 4.18 it would send them whole. */
  #isCut: boolean | undefined
  /** How many the kernel has taken so far. */
  taken = 0

  /** `joins`: false for those that leave each on its own. */
  constructor({ memory }: Arrivals, joins = true) {
    this.#base = libc.addressOfMemory(memory)
    if (!joins) this.#isCut = false
    const controlAt = libc.addressOfMemory(this.#control)
    for (let i = 0; i < batchSize; i++) {
      this.#control.set([controlBytes, 0, SOL_UDP, UDP_SEGMENT], i * controlWords)
      writePointer(this.#headers.words, i * headerWords + controlWord, controlAt + i * controlWords * 4)
    }
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
    this.#isCut ??= libc.setsockopt(fd, SOL_UDP, UDP_SEGMENT, nothing, nothing.byteLength) === 0
    let isCut = this.#isCut
    let bytes = 0
    for (let next = 0; next < this.#count; ) {
      const messages = this.#gather(next, isCut)
      const sent = libc.sendmmsg(fd, this.#headers.words, messages, MSG_DONTWAIT | MSG_NOSIGNAL)
      if (sent === -libc.errno.EAGAIN) break
      if (sent > 0) {
        let behind = next
        for (let message = 0; message < sent; message++) behind += this.#runs[message]
        for (let i = next; i < behind; i++) bytes += this.#payloads[i]
        this.taken += behind - next
        next = behind
      } else if (this.#runs[0] === 1) next++
      // Not by this way, perhaps, which takes no pieces of that length: each on its own may get through.
      else isCut = false
    }
    this.#count = 0
    return bytes
  }

  /** Writes the messages of the datagrams from `first` on; returns how many they are. */
  #gather(first: number, isCut: boolean): number {
    const { words, vectors } = this.#headers
    let message = 0
    for (let next = first; next < this.#count; message++) {
      const run = isCut ? this.#runFrom(next) : 1
      this.#headers.point(message, next, run)
      words[message * headerWords + controlLengthWord] = run > 1 ? controlBytes : 0
      this.#control[message * controlWords + 4] = vectors[next * vectorWords + 2]
      this.#runs[message] = run
      next += run
    }
    return message
  }

  /** How many datagrams from `first` on may be one message. */
  #runFrom(first: number): number {
    const { vectors } = this.#headers
    const length = vectors[first * vectorWords + 2]
    let bytes = length
    let next = first + 1
    for (let last = length; last === length && length > 0 && next < this.#count; next++) {
      last = vectors[next * vectorWords + 2]
      bytes += last
      const fits = last > 0 && last <= length && bytes <= longestMessage
      if (!fits || !this.#headers.isSameName(first, next)) break
    }
    return next - first
  }
}
