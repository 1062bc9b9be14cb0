import { randomInt } from 'node:crypto'
import { isMapped, mappedPrefix } from '../../net/address.ts'
import type { Network } from '../../net/network.ts'
import { Buckets, bucketWords } from './buckets.ts'
import type { Direction, RefusingLimit } from './limit-lines.ts'
import { Lock } from './lock.ts'
import { hashOf, wordAt } from './source-hash.ts'

/**
 * What each source uses now, in memory that all loops share: an IPv4 address or an IPv6 network of 64 bits. And, for users
 * who may only come from so many, which sources each of them comes from. Both are kept for a minute after the last
 * connection.
 */

/** Words of 32 bits: of a line, which is one of the processor's cache, and before the first one. */
const lineWords = 16
const headerWords = 16
const lineCount = 65_536
/** Places in the header. */
const Header = { lock: 0, seed: 1 } as const
/** Places in a line. `owner`: 0 for nobody yet, `source`, or a user's `LimitLines.ownerOf` and `ofUser`. `left`: when the last one ended. */
const Word = { owner: 0, high: 1, low: 2, live: 3, left: 4, due: 5, bucket: 6 } as const
const source = 1
const ofUser = 2
/** Sources for which no line is to be had share this one, and all its limits. */
const others = lineCount
/** How many there are, that one included. */
export const sourceLineCount = lineCount + 1
/** Behind the lines, for each: how often the source was refused something since `takeRefused`, and by what last. */
const refusedAt = headerWords + lineWords * (others + 1)
const refusedWords = 4
const Refused = { byLimits: 0, byRules: 2 } as const
/** A line may stand in one of so many places, behind one another. */
const places = 64
/** For how long a line without connections counts, in milliseconds. */
export const sourceLasts = 60_000
/** Units of `due` in a millisecond. */
const dueUnits = 256
/** Connections of so many milliseconds may come at once. */
const burst = 1_000

/** No line. */
export const noLine = -1

/** In place of a loop's number. */
const mainThread = -1

/** The first word of what identifies an IPv4 address, which begins no IPv6 network in use; its second is the address. */
const ipv4 = 0xffff

/** A source that was refused something: so often, and by what last, a limit or a rule's number. */
export interface RefusedSource {
  readonly source: Network
  readonly count: number
  readonly by: number
}

export class SourceLines {
  readonly buckets: Buckets
  readonly #words: Int32Array
  readonly #lock: Lock

  /** `loop`: which loop looks at them, from 0; by default it is the main thread. */
  constructor(memory: SharedArrayBuffer, loop = mainThread) {
    this.#words = new Int32Array(memory)
    this.buckets = new Buckets(this.#words)
    this.#lock = new Lock(this.#words, Header.lock, holderOf(loop))
  }

  /** Memory for all lines; of those that nobody has touched the kernel keeps none. */
  static memory(): SharedArrayBuffer {
    const memory = new SharedArrayBuffer(4 * (refusedAt + refusedWords * (others + 1)))
    // Nobody can choose addresses whose lines would all want the same places.
    new Int32Array(memory)[Header.seed] = randomInt(2 ** 31)
    return memory
  }

  /**
   * A connection has come from a client's address (16 bytes at `offset`, an IPv4 one v4-mapped). Returns the source's
   * line, on which it counts until `leave`. `now`: of `performance.now`.
   */
  enter(addresses: Uint8Array, offset: number, now: number): number {
    const high = highWord(addresses, offset)
    const low = lowWord(addresses, offset)
    this.#lock.take()
    try {
      const line = this.#enter(source, high, low, now)
      return line === noLine ? this.#count(others) : line
    } finally {
      this.#lock.release()
    }
  }

  /**
   * A user's connection, as `enter`. If the user comes from that source anew `claim` is asked whether that may be; undefined
   * if not, and nothing counts, nor without a line: `noLine`. `owner`: see `LimitLines.ownerOf`.
   */
  enterAs(owner: number, addresses: Uint8Array, offset: number, now: number, claim: () => boolean): number | undefined {
    const high = highWord(addresses, offset)
    const low = lowWord(addresses, offset)
    return this.#lock.with(() => {
      const isKnown = this.#find(owner + ofUser, high, low) !== noLine
      return isKnown || claim() ? this.#enter(owner + ofUser, high, low, now) : undefined
    })
  }

  /** The connection has ended. True if it was the last one of its line, which counts for a minute more. */
  leave(line: number, now: number): boolean {
    const at = lineAt(line)
    this.#lock.take()
    try {
      this.#words[at + Word.left] = now
      return --this.#words[at + Word.live] === 0
    } finally {
      this.#lock.release()
    }
  }

  /** Connections that count on a line. */
  live(line: number): number {
    return Atomics.load(this.#words, lineAt(line) + Word.live)
  }

  /**
   * Frees a user's line that was left at that time, and calls `freed`, unless somebody has come since, or it has been freed.
   * `owner`: as of `enterAs`.
   */
  free(line: number, left: number, owner: number, freed: () => void): void {
    this.#lock.with(() => {
      const at = lineAt(line)
      if (this.#words[at + Word.live] > 0 || this.#words[at + Word.left] !== (left | 0)) return
      if (this.#words[at + Word.owner] !== owner + ofUser) return
      this.#words[at + Word.owner] = 0
      freed()
    })
  }

  /** The lines of users that are left and not freed, those first that were left first. */
  leftByUsers(): { readonly line: number; readonly owner: number; readonly left: number }[] {
    const lines: { line: number; owner: number; left: number }[] = []
    for (let line = 0; line < lineCount; line++) {
      const at = lineAt(line)
      const owner = this.#words[at + Word.owner]
      if (owner === 0 || owner === source || this.#words[at + Word.live] > 0) continue
      lines.push({ line, owner: owner - ofUser, left: this.#words[at + Word.left] })
    }
    return lines.sort((a, b) => a.left - b.left)
  }

  /** A loop has died: if it was looking at them, others may again. */
  releaseFor(loop: number): void {
    this.#lock.releaseFor(holderOf(loop))
  }

  /**
   * Whether one more connection is within a rate (connections a second, 256,000 at most), by the generic cell rate algorithm:
   * those of a second may come at once. If it is, it counts.
   */
  isWithin(line: number, rate: number, now: number): boolean {
    const interval = Math.max(1, Math.round((1000 / rate) * dueUnits))
    const tolerance = Math.max(interval, burst * dueUnits)
    const at = lineAt(line)
    const clock = (now * dueUnits) | 0
    this.#lock.take()
    try {
      const before = (this.#words[at + Word.due] - clock) | 0
      // What is farther than can be comes of a clock that has wrapped meanwhile.
      const ahead = (before > 0 && before <= tolerance ? before : 0) + interval
      if (ahead > tolerance) return false
      this.#words[at + Word.due] = clock + ahead
      return true
    } finally {
      this.#lock.release()
    }
  }

  /** A limit has refused a source's connection. */
  refuse(line: number, by: RefusingLimit): void {
    this.#countRefused(line, Refused.byLimits, by)
  }

  /** A rule, by its number, has refused a source something. */
  forbid(line: number, rule: number): void {
    this.#countRefused(line, Refused.byRules, rule)
  }

  /** Whom limits, or rules, have refused something since the last call, how often, and which of them did so last. */
  takeRefused(by: 'limits' | 'rules'): RefusedSource[] {
    const place = by === 'limits' ? Refused.byLimits : Refused.byRules
    const refused: RefusedSource[] = []
    for (let line = 0; line < lineCount; line++) {
      const at = refusedAt + refusedWords * line + place
      if (Atomics.load(this.#words, at) === 0) continue
      // Not while another source is put in its place.
      this.#lock.with(() => {
        const count = Atomics.exchange(this.#words, at, 0)
        if (count > 0) refused.push({ source: this.#networkOf(line), count, by: this.#words[at + 1] })
      })
    }
    return refused
  }

  #countRefused(line: number, place: number, by: number): void {
    const at = refusedAt + refusedWords * line + place
    Atomics.store(this.#words, at + 1, by)
    Atomics.add(this.#words, at, 1)
  }

  #networkOf(line: number): Network {
    const at = lineAt(line)
    const [high, low] = [this.#words[at + Word.high], this.#words[at + Word.low]]
    const bytes = new Uint8Array(high === ipv4 ? 4 : 16)
    const view = new DataView(bytes.buffer)
    if (high === ipv4) view.setInt32(0, low)
    else {
      view.setInt32(0, high)
      view.setInt32(4, low)
    }
    return { bytes, prefix: high === ipv4 ? 32 : 64 }
  }

  /** Where a line's bucket stands among `buckets`. */
  bucketAt(line: number, direction: Direction): number {
    return lineAt(line) + Word.bucket + bucketWords * direction
  }

  #enter(owner: number, high: number, low: number, now: number): number {
    const known = this.#find(owner, high, low)
    const line = known === noLine ? this.#place(owner, high, low, now) : known
    return line === noLine ? noLine : this.#count(line)
  }

  #count(line: number): number {
    Atomics.add(this.#words, lineAt(line) + Word.live, 1)
    return line
  }

  #find(owner: number, high: number, low: number): number {
    const first = this.#hash(owner, high, low)
    for (let i = 0; i < places; i++) {
      const line = (first + i) % lineCount
      const at = lineAt(line)
      const words = this.#words
      if (words[at + Word.owner] === owner && words[at + Word.high] === high && words[at + Word.low] === low)
        return line
    }
    return noLine
  }

  /** A line of nobody's, or in place of a source without connections, of those the one that has none for longest. */
  #place(owner: number, high: number, low: number, now: number): number {
    const first = this.#hash(owner, high, low)
    let best = noLine
    let longest = -1
    for (let i = 0; i < places && longest < Number.POSITIVE_INFINITY; i++) {
      const line = (first + i) % lineCount
      const at = lineAt(line)
      const isFree = this.#words[at + Word.owner] === 0
      if (!isFree && (this.#words[at + Word.owner] !== source || this.#words[at + Word.live] > 0)) continue
      const without = isFree ? Number.POSITIVE_INFINITY : ((now | 0) - this.#words[at + Word.left]) | 0
      if (without <= longest) continue
      best = line
      longest = without
    }
    if (best === noLine) return noLine
    const at = lineAt(best)
    this.#words.fill(0, at, at + lineWords)
    const refused = refusedAt + refusedWords * best
    this.#words.fill(0, refused, refused + refusedWords)
    this.#words[at + Word.owner] = owner
    this.#words[at + Word.high] = high
    this.#words[at + Word.low] = low
    this.#words[at + Word.due] = (now * dueUnits) | 0
    for (const direction of [0, 1] as const) this.buckets.reset(this.bucketAt(best, direction))
    return best
  }

  #hash(owner: number, high: number, low: number): number {
    return hashOf(this.#words[Header.seed], owner, high, low) & (lineCount - 1)
  }
}

/** Which holder of the lock a loop is, from 1 on. */
function holderOf(loop: number): number {
  return loop + 2
}

function lineAt(line: number): number {
  return headerWords + lineWords * line
}

/** What identifies the source of a client's address, in two words: the first one. */
function highWord(addresses: Uint8Array, offset: number): number {
  return isMapped(addresses, offset) ? ipv4 : wordAt(addresses, offset)
}

/** The second. */
function lowWord(addresses: Uint8Array, offset: number): number {
  return wordAt(addresses, offset + (isMapped(addresses, offset) ? mappedPrefix.length : 4))
}
