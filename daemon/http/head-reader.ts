/** Bytes of a head, its last empty line included. */
export const longestHead = 64 * 1024
/** Its lines, that one included: each takes the time of hundreds of bytes, for which all others of the loop wait. */
export const mostLines = 512
/** Room to begin with, which doubles as need be. */
const firstRoom = 1024

const [tab, lineFeed, carriageReturn, space, del] = [0x09, 0x0a, 0x0d, 0x20, 0x7f]

/** What is to be done about a head: wait for more of it, read it, or refuse it. */
export type HeadState = 'more' | 'first line' | 'whole' | 'malformed' | 'too long'

/**
 * Gathers the head of a message (RFC 9112, section 2) and finds its end, looking at each byte once. It is made of lines that end
 * in CR LF, which come nowhere else, and of no control character but tabs.
 */
export class HeadReader {
  #bytes = new Uint8Array(firstRoom)
  #length = 0
  /** So many have been looked at; the line that the last of them is of has begun here. */
  #seen = 0
  #lineStart = 0
  #lines = 0

  /** Takes the next bytes, whatever they are of. */
  add(chunk: Uint8Array): void {
    const length = this.#length + chunk.length
    if (length > this.#bytes.length) {
      const room = new Uint8Array(Math.max(length, 2 * this.#bytes.length))
      room.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = room
    }
    this.#bytes.set(chunk, this.#length)
    this.#length = length
  }

  /** Bytes of memory that it takes. */
  get held(): number {
    return this.#bytes.length
  }

  /** Whether something has come behind what has been looked at. */
  get hasRest(): boolean {
    return this.#length > this.#seen
  }

  /** Goes on looking, as far as the end of the first line or of the head. */
  advance(): HeadState {
    const bytes = this.#bytes
    const end = Math.min(this.#length, longestHead)
    for (let at = this.#seen; at < end; at++) {
      const octet = bytes[at] as number
      this.#seen = at + 1
      const isBehindReturn = at > this.#lineStart && bytes[at - 1] === carriageReturn
      if (isBehindReturn !== (octet === lineFeed)) return 'malformed'
      if (octet === lineFeed) {
        const isEmpty = at - this.#lineStart === 1
        this.#lineStart = at + 1
        this.#lines++
        if (isEmpty) return 'whole'
        if (this.#lines >= mostLines) return 'too long'
        if (this.#lines === 1) return 'first line'
      } else if ((octet < space && octet !== tab && octet !== carriageReturn) || octet === del) return 'malformed'
    }
    return this.#length >= longestHead ? 'too long' : 'more'
  }

  /** The first line, when it has just been looked at; one character a byte. */
  get firstLine(): string {
    return this.#text(this.#seen - 2)
  }

  /** All lines but the empty one, when that has just been looked at. */
  get head(): string {
    return this.#text(this.#seen - 4)
  }

  #text(end: number): string {
    return Buffer.from(this.#bytes.buffer, 0, end).toString('latin1')
  }

  /** Takes what has come behind the head, which is forgotten. */
  takeRest(): Uint8Array {
    const rest = this.#bytes.slice(this.#seen, this.#length)
    this.#bytes = new Uint8Array(firstRoom)
    this.#length = 0
    this.#seen = 0
    this.#lineStart = 0
    this.#lines = 0
    return rest
  }
}
