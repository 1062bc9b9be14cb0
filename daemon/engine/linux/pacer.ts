import { pipeBytes } from '../../os/pipe-pool.ts'
import { Total } from '../session-table.ts'
import { tickLength } from '../shared/buckets.ts'
import { type Budget, PacedBy, type Payer } from '../shared/budget.ts'
import { movedLately } from '../shared/flow-heap.ts'
import { Direction } from '../shared/limit-lines.ts'
import { WaitingFlows } from '../shared/waiting-flows.ts'
import { type Clock, clientOf, Flag, isClient, type Sessions, slotOf, targetOf } from './sessions.ts'
import { TimerWheel } from './timer-wheel.ts'

/** Halves of this loop that wait for one bucket's credit. */
interface Queue {
  readonly bucket: number
  /** Its place on the wheel. */
  readonly timer: number
  readonly waiting: WaitingFlows<number>
  /** What of the bucket's fillings is this loop's, in bytes, and all that it was filled with by then. */
  share: number
  filled: number
}

/**
 * Keeps flows to the rates that are set for them. Who reads asks for a grant before, so that what may not be moved yet stays
 * in the kernel, and no pipe is held meanwhile. A half without credit is parked: it gets no turn, whatever comes for it,
 * until the bucket that was short has filled. The wheel is only looked at while somebody is parked.
 */
export class Pacer {
  /** A parked half may go on. */
  onDue: (half: number) => void = () => {}

  readonly #sessions: Sessions
  readonly #clock: Clock
  readonly #budget: Budget
  readonly #wheel: TimerWheel
  /** By bucket: those that somebody waits for. */
  readonly #queues = new Map<number, Queue>()
  /** By place on the wheel; places are as many as there were queues at once. */
  readonly #byTimer: (Queue | undefined)[] = []
  readonly #freeTimers: number[] = []
  /** By half: where it is parked, and since when. */
  readonly #parked = new Map<number, { readonly queue: Queue; readonly since: number }>()
  /** By half: what it has moved since `#since`, and whether its last read left something to read. */
  readonly #moved: Float64Array
  readonly #since: Float64Array
  readonly #hasMore: Uint8Array
  /** By half: what was granted to it while it waited. */
  readonly #granted: Int32Array
  readonly #payer = { user: 0, source: 0 }
  readonly #fire = (timer: number) => this.#serve(this.#byTimer[timer])

  constructor(sessions: Sessions, clock: Clock, budget: Budget) {
    const halves = sessions.fd.length
    this.#sessions = sessions
    this.#clock = clock
    this.#budget = budget
    this.#wheel = new TimerWheel(halves, clock.now, tickLength)
    this.#moved = new Float64Array(halves)
    this.#since = new Float64Array(halves)
    this.#hasMore = new Uint8Array(halves)
    this.#granted = new Int32Array(halves)
  }

  /** Mark the halves that have to ask before they read, by the limits of now; who waits tries again. */
  watch(slot: number): void {
    this.#watch(clientOf(slot))
    this.#watch(targetOf(slot))
    this.#sessions.table.paced[slot] = PacedBy.nobody
    this.meter(slot)
  }

  #watch(half: number): void {
    const { flags } = this.#sessions
    if (this.#budget.isPaced(this.#payerOf(slotOf(half)), directionOf(half))) flags[half] |= Flag.paced
    else flags[half] &= ~Flag.paced
    if (flags[half] & Flag.parked) this.#goOn(half)
  }

  /** Note whether there is a quota. */
  meter(slot: number): void {
    const { flags, table } = this.#sessions
    if (this.#budget.isMetered(table.user[slot])) flags[clientOf(slot)] |= Flag.metered
    else flags[clientOf(slot)] &= ~Flag.metered
  }

  /** Bytes that a paced half may read now, which may be more than `want`; 0: it is parked. */
  grant(half: number, want: number): number {
    const given = this.#takeGranted(half)
    if (given > 0) return given
    const payer = this.#payerOf(slotOf(half))
    const direction = directionOf(half)
    // Behind those who wait already: a crowd of those who have little to say would leave them nothing.
    const granted = this.#budget.isContended(payer, direction)
      ? 0
      : this.#budget.take(payer, direction, want, this.#clock.now)
    if (granted === 0) this.#park(half)
    return granted
  }

  /** So much of a grant has been read; `hasMore`: there may be more to read at once. */
  used(half: number, granted: number, count: number, hasMore: boolean): void {
    const { now } = this.#clock
    if (count < granted) this.#budget.giveBack(this.#payerOf(slotOf(half)), directionOf(half), granted - count)
    this.#moved[half] = this.#movedLately(half) + count
    this.#since[half] = now
    this.#hasMore[half] = hasMore ? 1 : 0
    if (!hasMore && !(this.#sessions.flags[half ^ 1] & Flag.parked))
      this.#sessions.table.paced[slotOf(half)] = PacedBy.nobody
  }

  /** A half that waits has nothing more to say. */
  giveUp(half: number): void {
    const { flags, table } = this.#sessions
    this.#leave(half)
    if (!(flags[half ^ 1] & Flag.parked)) table.paced[slotOf(half)] = PacedBy.nobody
  }

  /** Whether a datagram of an association may pass; one over the rate is dropped, for to wait would make it late. */
  passes(slot: number, direction: Direction, bytes: number): boolean {
    const { flags, table } = this.#sessions
    if (!(flags[direction === Direction.up ? clientOf(slot) : targetOf(slot)] & Flag.paced)) return true
    const passes = this.#budget.takeWhole(this.#payerOf(slot), direction, bytes, this.#clock.now)
    table.paced[slot] = passes ? PacedBy.nobody : this.#budget.shortBy
    if (!passes) table.dropped[slot]++
    return passes
  }

  forget(slot: number): void {
    this.#forget(clientOf(slot))
    this.#forget(targetOf(slot))
  }

  #forget(half: number): void {
    const given = this.#takeGranted(half)
    if (given > 0) this.#budget.giveBack(this.#payerOf(slotOf(half)), directionOf(half), given)
    this.#leave(half)
    this.#moved[half] = 0
    this.#hasMore[half] = 0
  }

  /** Let those go on whose credit has come. */
  advance(): void {
    if (this.#parked.size > 0) this.#wheel.advance(this.#clock.now, this.#fire)
  }

  /** Milliseconds until somebody may go on; infinity if nobody waits. */
  untilNext(now: number): number {
    return this.#parked.size > 0 ? this.#wheel.untilNext(now) : Number.POSITIVE_INFINITY
  }

  #park(half: number): void {
    const { now } = this.#clock
    // Nobody has looked at the wheel while nobody waited.
    if (this.#parked.size === 0) this.#wheel.advance(now, this.#fire)
    const { short, shortBy } = this.#budget
    const queue = this.#queues.get(short) ?? this.#open(short)
    const moved = this.#movedLately(half)
    const isLight = this.#hasMore[half] === 0 && moved < this.#budget.quantum(short)
    queue.waiting.add(half, this.#payerOf(slotOf(half)), { isLight, moved, now })
    this.#budget.waits(short, 1)
    this.#parked.set(half, { queue, since: now })
    this.#sessions.flags[half] |= Flag.parked
    this.#sessions.table.paced[slotOf(half)] = shortBy
  }

  #movedLately(half: number): number {
    return movedLately(this.#moved[half], this.#clock.now - this.#since[half])
  }

  #open(bucket: number): Queue {
    const timer = this.#freeTimers.pop() ?? this.#byTimer.length
    const filled = this.#budget.filled(bucket)
    const queue = { bucket, timer, waiting: new WaitingFlows<number>(), share: 0, filled }
    this.#queues.set(bucket, queue)
    this.#byTimer[timer] = queue
    this.#wheel.set(timer, this.#budget.wakeAt(bucket, this.#clock.now))
    return queue
  }

  /** Give those whose turn it is what there is, a grant each, and let them go on. */
  #serve(queue: Queue | undefined): void {
    if (!queue) return
    const { bucket, waiting } = queue
    const { now } = this.#clock
    let left = this.#creditOf(queue)
    for (let half = waiting.first; half !== undefined; half = waiting.first) {
      const granted = left > 0 ? this.#budget.take(this.#payerOf(slotOf(half)), directionOf(half), pipeBytes, now) : 0
      // Another of its limits may be what it waits for now.
      if (granted === 0 && left > 0 && this.#budget.short !== bucket) {
        this.#leave(half)
        this.#park(half)
        continue
      }
      if (granted === 0) return this.#wheel.set(queue.timer, this.#budget.wakeAt(bucket, now))
      left -= granted
      queue.share -= granted
      this.#granted[half] = granted
      waiting.passOn()
      this.#goOn(half)
    }
  }

  /** The credit that this loop may give out: all, or where others wait as well, what falls to those who wait here. */
  #creditOf(queue: Queue): number {
    const { bucket, waiting } = queue
    const credit = this.#budget.credit(bucket, this.#clock.now)
    const filled = this.#budget.filled(bucket)
    const part = waiting.size / this.#budget.waiting(bucket)
    const depth = this.#budget.depth(bucket)
    queue.share = Math.min(depth, queue.share + ((filled - queue.filled) | 0) * part)
    queue.filled = filled
    // What the others have left for long is anybody's.
    if (credit > depth / 2) queue.share = Math.max(queue.share, credit * part)
    return part < 1 ? Math.min(credit, queue.share) : credit
  }

  #goOn(half: number): void {
    this.#leave(half)
    this.onDue(half)
  }

  #takeGranted(half: number): number {
    const granted = this.#granted[half]
    this.#granted[half] = 0
    return granted
  }

  #leave(half: number): void {
    const parked = this.#parked.size > 0 ? this.#parked.get(half) : undefined
    if (!parked) return
    const { queue, since } = parked
    this.#parked.delete(half)
    this.#sessions.flags[half] &= ~Flag.parked
    const { pacedFor, totals } = this.#sessions.table
    const waited = this.#clock.now - since
    pacedFor[slotOf(half)] += waited
    totals[isClient(half) ? Total.pacedUp : Total.pacedDown] += waited
    queue.waiting.delete(half)
    this.#budget.waits(queue.bucket, -1)
    if (queue.waiting.size > 0) return
    this.#queues.delete(queue.bucket)
    this.#wheel.clear(queue.timer)
    this.#byTimer[queue.timer] = undefined
    this.#freeTimers.push(queue.timer)
  }

  /** Lent to the budget; one for all, so that asking costs no allocation. */
  #payerOf(slot: number): Payer {
    this.#payer.user = this.#sessions.table.user[slot]
    this.#payer.source = this.#sessions.places.sourceOf(slot)
    return this.#payer
  }
}

function directionOf(half: number): Direction {
  return isClient(half) ? Direction.up : Direction.down
}
