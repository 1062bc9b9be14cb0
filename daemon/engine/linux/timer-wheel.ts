/**
 * Deadlines, one per slot, on a coarse wheel: setting, moving and clearing one is a few integer writes and allocates
 * nothing. A deadline fires up to one tick late, never early. Farther ones than the wheel reaches go round again.
 */

/** Milliseconds in one tick, unless said otherwise. */
const usualTick = 128
const buckets = 1024
/** The longest wait between two looks at the wheel, in milliseconds. */
const longestWait = 1_024

export class TimerWheel {
  readonly #deadline: Float64Array
  // Doubly linked lists of slots, one per bucket; entries are slot + 1, and 0 ends a list.
  readonly #next: Int32Array
  readonly #previous: Int32Array
  readonly #bucket: Int32Array
  readonly #heads = new Int32Array(buckets)
  readonly #tickLength: number
  #tick: number

  /** `now`: milliseconds of any clock that only goes forward; `tickLength`: of one tick. */
  constructor(capacity: number, now: number, tickLength = usualTick) {
    this.#tickLength = tickLength
    this.#deadline = new Float64Array(capacity)
    this.#next = new Int32Array(capacity)
    this.#previous = new Int32Array(capacity)
    this.#bucket = new Int32Array(capacity)
    this.#tick = Math.floor(now / tickLength)
  }

  /** Give the slot a deadline, in place of the one it had. */
  set(slot: number, deadline: number): void {
    this.clear(slot)
    this.#deadline[slot] = deadline
    this.#link(slot)
  }

  clear(slot: number): void {
    const bucket = this.#bucket[slot]
    if (bucket === 0) return
    const next = this.#next[slot]
    const previous = this.#previous[slot]
    if (previous === 0) this.#heads[bucket - 1] = next
    else this.#next[previous - 1] = next
    if (next !== 0) this.#previous[next - 1] = previous
    this.#bucket[slot] = 0
  }

  /** Call `fire` for every slot whose deadline has passed; it may set and clear any deadline. */
  advance(now: number, fire: (slot: number) => void): void {
    const target = Math.floor(now / this.#tickLength)
    if (target - this.#tick > buckets) this.#tick = target - buckets
    while (this.#tick < target) {
      this.#tick++
      this.#fireBucket(this.#tick % buckets, now, fire)
    }
  }

  /** All deadlines come so many milliseconds later. */
  postpone(milliseconds: number): void {
    for (let slot = 0; slot < this.#bucket.length; slot++)
      if (this.#bucket[slot] !== 0) this.#deadline[slot] += milliseconds
  }

  /** Milliseconds until the wheel wants to be looked at again, at most a second. */
  untilNext(now: number): number {
    let ticks = 1
    const most = longestWait / this.#tickLength
    while (ticks < most && this.#heads[(this.#tick + ticks) % buckets] === 0) ticks++
    return Math.max(0, Math.ceil((this.#tick + ticks) * this.#tickLength - now))
  }

  #fireBucket(bucket: number, now: number, fire: (slot: number) => void): void {
    // Ends, because nothing is ever linked into the bucket of the present tick.
    while (this.#heads[bucket] !== 0) {
      const slot = this.#heads[bucket] - 1
      this.clear(slot)
      if (this.#deadline[slot] <= now) fire(slot)
      else this.#link(slot)
    }
  }

  #link(slot: number): void {
    const wanted = Math.ceil(this.#deadline[slot] / this.#tickLength)
    const tick = Math.min(Math.max(wanted, this.#tick + 1), this.#tick + buckets - 1)
    const bucket = tick % buckets
    const head = this.#heads[bucket]
    this.#next[slot] = head
    this.#previous[slot] = 0
    if (head !== 0) this.#previous[head - 1] = slot + 1
    this.#heads[bucket] = slot + 1
    this.#bucket[slot] = bucket + 1
  }
}
