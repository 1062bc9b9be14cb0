/** Datagrams of one association that may wait for their names. */
const most = 16
/** Bytes of their payload that may wait: as many as the largest datagram has. */
const mostBytes = 65_536
/** Bytes that may wait of all associations of one loop. */
const mostBytesTogether = 16 * 1024 * 1024
/** One association has no more than such a part of what the others would leave. */
const part = 16

/** Counts what waits in one loop: names that nobody answers for must not fill the memory, nor keep others from waiting. */
export class WaitingRoom {
  #bytes = 0

  /** A place for an association. */
  open(): WaitingPlace {
    return new WaitingPlace(this)
  }

  get left(): number {
    return mostBytesTogether - this.#bytes
  }

  take(bytes: number): void {
    this.#bytes += bytes
  }
}

/** Counts what waits of one association. */
export class WaitingPlace {
  readonly #room: WaitingRoom
  #count = 0
  #bytes = 0

  constructor(room: WaitingRoom) {
    this.#room = room
  }

  /** Whether a datagram with so many bytes of payload may wait; then it does. */
  take(bytes: number): boolean {
    const fits = this.#bytes + bytes <= Math.min(mostBytes, this.#room.left / part)
    if (this.#count >= most || !fits) return false
    this.#add(1, bytes)
    return true
  }

  /** It waits no longer. */
  give(bytes: number): void {
    this.#add(-1, -bytes)
  }

  /** Nothing waits here any more. */
  clear(): void {
    this.#add(-this.#count, -this.#bytes)
  }

  #add(count: number, bytes: number): void {
    this.#count += count
    this.#bytes += bytes
    this.#room.take(bytes)
  }
}
