import type { Address } from '../../net/address.ts'

/** Of each family; IPv4 comes first. */
const ports = 65_536

/** Where the count of a port's sockets lies, for an address of so many bytes. */
function placeOf(length: number, port: number): number {
  return length === 4 ? port : ports + port
}

/**
 * The ports of all sockets that associations have, of all loops. Nothing is ever sent to one of them by another: two
 * associations could be made to feed each other for ever, and one to answer itself. What none of them sends there, none
 * takes for its client's.
 */
export class RelayPorts {
  /** Bytes of memory that all loops share. */
  static readonly bytes = 2 * ports * Uint16Array.BYTES_PER_ELEMENT
  /** Several sockets may have one port, each on an address of its own. */
  readonly #counts: Uint16Array
  /** Those of one loop, in memory for another thread to see. */
  readonly #own: Uint16Array
  readonly #isOurs: (address: Address) => boolean
  #followed = new Set<number>()

  /** `isOurs`: whether an address is one of this machine's. `own`: of as many bytes, of the loop that opens and closes here. */
  constructor(
    memory: SharedArrayBuffer,
    isOurs: (address: Address) => boolean,
    own: SharedArrayBuffer = new SharedArrayBuffer(RelayPorts.bytes),
  ) {
    this.#counts = new Uint16Array(memory)
    this.#own = new Uint16Array(own)
    this.#isOurs = isOurs
  }

  /** There is a socket more with this port, of the family whose addresses have so many bytes. */
  open(length: number, port: number): void {
    const place = placeOf(length, port)
    Atomics.add(this.#counts, place, 1)
    this.#own[place]++
  }

  close(length: number, port: number): void {
    const place = placeOf(length, port)
    this.#own[place]--
    Atomics.sub(this.#counts, place, 1)
  }

  /** The loop that opened has died. */
  closeAll(): void {
    for (const [place, count] of this.#own.entries()) if (count > 0) Atomics.sub(this.#counts, place, count)
    this.#own.fill(0)
  }

  /** What another process is told to `follow`. */
  get places(): number[] {
    const places: number[] = []
    for (let place = 0; place < this.#counts.length; place++) if (this.#counts[place] > 0) places.push(place)
    return places
  }

  /** The associations of another process have sockets at these places, and nowhere else any more. */
  follow(places: readonly number[]): void {
    const now = new Set(places.filter((place) => place >= 0 && place < this.#counts.length))
    for (const place of now) if (!this.#followed.has(place)) Atomics.add(this.#counts, place, 1)
    for (const place of this.#followed) if (!now.has(place)) Atomics.sub(this.#counts, place, 1)
    this.#followed = now
  }

  /** Whether a datagram that is sent there would come to such a socket. Nearly always the port alone settles it. */
  has(address: Address, port: number): boolean {
    return this.#counts[placeOf(address.bytes.length, port)] > 0 && this.#isOurs(address)
  }
}
