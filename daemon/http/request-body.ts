const [lineFeed, carriageReturn] = [0x0a, 0x0d]
/** What old clients send behind a body, and all servers are to take for nothing (RFC 9112, section 2.2). */
const emptyLine = Uint8Array.of(carriageReturn, lineFeed)
/** A size of 15 hexadecimal digits is beyond all that is sent, and still a number. */
const mostDigits = 15
/** Of what may stand behind a size, and of a trailer's line, in bytes. */
const longestLine = 4096

/**
 * Which of a client's bytes behind the head are of its request's body (RFC 9112, section 6). No byte beyond goes to the
 * destination: the next request would be for another one, which has no business with it, whatever the first one answered.
 */
export class RequestBody {
  readonly #isStrict: boolean
  /** Bytes that are still to come, of a body in chunks: of this chunk. */
  #left: number
  /** Where the next byte of a body in chunks is; undefined: its length was told. */
  #place: 'size' | 'extension' | 'data' | 'data end' | 'trailer' | undefined
  #digits = 0
  #lineLength = 0
  #last = 0
  #isOver = false
  #isMalformed = false
  /** Bytes of an empty line that have come behind it. */
  #ignored = 0
  /** So many bytes that have passed come once more. */
  #again = 0

  /**
   * `length`: bytes; undefined: it comes in chunks. `isStrict`: what comes behind it makes it malformed, for it may be of another protocol, of
   * which no byte may be lost.
   */
  constructor(length: number | undefined, isStrict = false) {
    this.#isStrict = isStrict
    this.#left = length ?? 0
    this.#place = length === undefined ? 'size' : undefined
  }

  /** How many bytes may come at most. */
  get left(): number {
    if (this.#place === undefined) return this.#left
    return this.#isOver ? 0 : Number.POSITIVE_INFINITY
  }

  /** Whether bytes that nobody has looked at can be told, too, with `count`. */
  get isCounted(): boolean {
    return this.#place === undefined
  }

  /** Whether what has passed is followed by what is no chunk, or must not be there. */
  get isMalformed(): boolean {
    return this.#isMalformed
  }

  /** So many bytes, head and body, will be passed to `pass` before those that follow. */
  expectAgain(count: number): void {
    this.#again = count
  }

  /** Takes so many bytes, no more than are left, for part of the body. */
  count(bytes: number): void {
    this.#left -= bytes
  }

  /** Behind the body, one empty line, or a part of it. */
  ignores(bytes: Uint8Array): boolean {
    if (this.left > 0 || this.#isMalformed || bytes.length > emptyLine.length - this.#ignored) return false
    return bytes.every((octet) => octet === emptyLine[this.#ignored++])
  }

  /** How many of these bytes, from the first, are of the body; all others are beyond it, or it is malformed. */
  pass(bytes: Uint8Array): number {
    const known = Math.min(this.#again, bytes.length)
    this.#again -= known
    const passed = this.#place === undefined ? this.#passCounted(bytes.length, known) : this.#passChunks(bytes, known)
    if (this.#isStrict && passed < bytes.length) this.#isMalformed = true
    return passed
  }

  #passCounted(length: number, from: number): number {
    const passed = Math.min(this.#left, length - from)
    this.#left -= passed
    return from + passed
  }

  #passChunks(bytes: Uint8Array, from: number): number {
    for (let at = from; at < bytes.length; ) {
      if (this.#isOver) return at
      if (this.#place === 'data') {
        const count = Math.min(this.#left, bytes.length - at)
        this.#left -= count
        at += count
        if (this.#left === 0) this.#place = 'data end'
      } else {
        const isWell = this.#take(bytes[at] as number)
        if (!isWell) {
          this.#isOver = true
          this.#isMalformed = true
          return at
        }
        at++
      }
    }
    return bytes.length
  }

  /** Takes a byte of what stands around the data; false if it may not stand there. */
  #take(octet: number): boolean {
    const before = this.#last
    this.#last = octet
    this.#lineLength++
    if (octet === lineFeed) return before === carriageReturn && this.#endLine()
    if (before === carriageReturn || this.#lineLength > longestLine) return false
    if (octet === carriageReturn) return this.#place !== 'size' || this.#digits > 0
    if (this.#place === 'data end') return false
    if (this.#place !== 'size') return true
    const digit = Number.parseInt(String.fromCharCode(octet), 16)
    if (Number.isNaN(digit)) {
      this.#place = 'extension'
      return this.#digits > 0 && (octet === 0x3b || octet === 0x20 || octet === 0x09)
    }
    this.#left = 16 * this.#left + digit
    return ++this.#digits <= mostDigits
  }

  /** A line of what stands around the data has ended, by CR LF. */
  #endLine(): boolean {
    const isEmpty = this.#lineLength === 2
    this.#lineLength = 0
    this.#last = 0
    if (this.#place === 'data end') this.#place = isEmpty ? 'size' : this.#place
    else if (this.#place === 'trailer') this.#isOver = isEmpty
    else {
      this.#place = this.#left === 0 ? 'trailer' : 'data'
      this.#digits = 0
    }
    return true
  }
}
