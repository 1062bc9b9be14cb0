import { RpcError } from './errors.ts'

const lineFeed = 0x0a
const carriageReturn = 0x0d
const empty = new Uint8Array(0)

/** Ill-formed UTF-8 is refused; a byte order mark stays in the text, where JSON does not allow it. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Splits a byte stream into lines of text. Bytes are split first and decoded whole, so a character may straddle chunks.
 * Lines are pulled: feed a chunk, then take lines until there are none left; only then feed the next chunk.
 */
export class LineFramer {
  /** Bytes in one line at most, the LF not counted. It may change between two lines. */
  limit: number
  #chunk: Uint8Array = empty
  #position = 0
  /** The line that the chunks so far have not finished, in the first `#kept` bytes. */
  #unfinished: Uint8Array = empty
  #kept = 0

  constructor(limit: number) {
    this.limit = limit
  }

  feed(chunk: Uint8Array): void {
    this.#chunk = chunk
    this.#position = 0
  }

  /**
   * The next line that is not blank, without its line end; undefined when a further chunk is needed.
   * Throws `RpcError` parse_error for a line that is not UTF-8 (the next one can be taken), and too_large for one
   * beyond the limit (nothing sensible follows).
   */
  next(): string | undefined {
    for (;;) {
      const end = this.#chunk.indexOf(lineFeed, this.#position)
      if (end < 0) break
      const line = this.#finish(this.#chunk.subarray(this.#position, end))
      this.#position = end + 1
      if (line.length > 0) return decode(line)
    }
    this.#keep(this.#chunk.subarray(this.#position))
    this.feed(empty)
    return undefined
  }

  #finish(rest: Uint8Array): Uint8Array {
    if (this.#kept === 0) {
      this.#check(rest.length)
      return withoutCarriageReturn(rest)
    }
    this.#keep(rest)
    const line = this.#unfinished.subarray(0, this.#kept)
    this.#unfinished = empty
    this.#kept = 0
    return withoutCarriageReturn(line)
  }

  /** Copies, so that a stream of tiny chunks neither pins their buffers nor costs more than O(n). */
  #keep(piece: Uint8Array): void {
    const length = this.#kept + piece.length
    this.#check(length)
    if (length > this.#unfinished.length) {
      const larger = new Uint8Array(Math.min(this.limit, Math.max(length, 2 * this.#unfinished.length)))
      larger.set(this.#unfinished.subarray(0, this.#kept))
      this.#unfinished = larger
    }
    this.#unfinished.set(piece, this.#kept)
    this.#kept = length
  }

  #check(length: number): void {
    if (length > this.limit) throw new RpcError('too_large', `a line must be at most ${this.limit} bytes`)
  }
}

function withoutCarriageReturn(line: Uint8Array): Uint8Array {
  return line.at(-1) === carriageReturn ? line.subarray(0, -1) : line
}

function decode(line: Uint8Array): string {
  try {
    return utf8.decode(line)
  } catch {
    throw new RpcError('parse_error', 'a line must be UTF-8')
  }
}
