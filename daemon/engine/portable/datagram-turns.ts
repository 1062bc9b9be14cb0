/** Datagrams relayed between two looks at the events, of all associations: some milliseconds' work. */
const turnDatagrams = 128
/** Bytes that may wait for a turn, and what each datagram counts for beside its own. */
const mostBytes = 16 * 1024 * 1024
const overhead = 256
/** One association has no more than such a part of what the others would leave. */
const part = 8

interface Waiting {
  readonly bytes: number
  readonly relay: () => void
}

/**
 * Whose datagrams are relayed when. libuv reads up to 32 of every socket at a time and node:dgram cannot tell it to read
 * fewer, so a flood is read at once, which is cheap, but relayed by turns, one of each association after the other.
 * Nothing waits unless there are too many for one turn.
 */
export class DatagramTurns {
  readonly #waiting = new Map<object, Waiting[]>()
  readonly #bytesOf = new Map<object, number>()
  #left = mostBytes
  #taken = 0

  /** Have a datagram of so many bytes relayed, now or in its turn; false: it is lost, for too many wait already. */
  take(owner: object, length: number, relay: () => void): boolean {
    if (this.#waiting.size === 0 && this.#taken < turnDatagrams) {
      this.#relay(relay)
      return true
    }
    const bytes = length + overhead
    const own = (this.#bytesOf.get(owner) ?? 0) + bytes
    if (own > this.#left / part) return false
    this.#bytesOf.set(owner, own)
    this.#left -= bytes
    const queue = this.#waiting.get(owner)
    if (queue) queue.push({ bytes, relay })
    else this.#waiting.set(owner, [{ bytes, relay }])
    return true
  }

  /** Nothing of this owner's is relayed any more. */
  forget(owner: object): void {
    this.#left += this.#bytesOf.get(owner) ?? 0
    this.#bytesOf.delete(owner)
    this.#waiting.delete(owner)
  }

  /** The first one of a turn sees to it that there is a next turn. */
  #relay(relay: () => void): void {
    if (this.#taken++ === 0) setImmediate(this.#nextTurn)
    relay()
  }

  readonly #nextTurn = (): void => {
    this.#taken = 0
    for (const [owner, queue] of this.#waiting) {
      if (this.#taken >= turnDatagrams) return
      const next = queue.shift()
      this.#waiting.delete(owner)
      if (queue.length > 0) this.#waiting.set(owner, queue)
      if (next) this.#give(owner, next)
    }
  }

  #give(owner: object, { bytes, relay }: Waiting): void {
    this.#left += bytes
    const own = (this.#bytesOf.get(owner) ?? 0) - bytes
    if (own > 0) this.#bytesOf.set(owner, own)
    else this.#bytesOf.delete(owner)
    this.#relay(relay)
  }
}
