/** Events that wait, first come first served, without an allocation for each. */
export class EventQueue {
  #words = new Uint32Array(3 * 256)
  /** In words; the events lie from `#first` to `#end`. */
  #first = 0
  #end = 0

  /** How many wait. */
  get length(): number {
    return (this.#end - this.#first) / 3
  }

  add(key: number, generation: number, events: number): void {
    if (this.#end === this.#words.length) this.#makeRoom()
    this.#words[this.#end] = key
    this.#words[this.#end + 1] = generation
    this.#words[this.#end + 2] = events
    this.#end += 3
  }

  /** Hand out at most the first `most`. More may be added meanwhile. */
  take(most: number, serve: (key: number, generation: number, events: number) => void): void {
    for (let taken = 0; taken < most && this.#first < this.#end; taken++) {
      const at = this.#first
      this.#first += 3
      serve(this.#words[at], this.#words[at + 1], this.#words[at + 2])
    }
    if (this.#first === this.#end) this.#first = this.#end = 0
  }

  /** Move what waits to the front, into twice the room unless half of it is free. */
  #makeRoom(): void {
    const waiting = this.#words.subarray(this.#first, this.#end)
    const words = waiting.length * 2 > this.#words.length ? new Uint32Array(this.#words.length * 2) : this.#words
    if (words === this.#words) words.copyWithin(0, this.#first, this.#end)
    else words.set(waiting)
    this.#words = words
    this.#end = waiting.length
    this.#first = 0
  }
}
