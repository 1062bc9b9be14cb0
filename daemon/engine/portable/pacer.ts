import { type Budget, PacedBy, type Payer } from '../shared/budget.ts'
import { movedLately } from '../shared/flow-heap.ts'
import type { Direction } from '../shared/limit-lines.ts'
import { WaitingFlows } from '../shared/waiting-flows.ts'

/** Bytes that node:net reads at once. */
const largestChunk = 64 * 1024
/** Flows that wait for one bucket's credit. */
interface Queue {
  readonly bucket: number
  readonly waiting: WaitingFlows<Flow>
  timer: NodeJS.Timeout
}

/** The row of the session that a flow belongs to, which tells how limits keep it waiting. */
export interface PacedRow extends Payer {
  /** Of its two flows, those that wait now. */
  waiting: number
  paced: PacedBy
  /** One has waited so many milliseconds. */
  waited(direction: Direction, milliseconds: number): void
  dropped(): void
}

/** One direction of a session. */
export class Flow {
  readonly row: PacedRow
  readonly direction: Direction
  /** The credit has come that it waited for. */
  readonly goOn: () => void
  /** Where it waits, and since when. */
  queue: Queue | undefined
  since = 0
  /** What was granted to it while it waited. */
  granted = 0
  /** What it has moved lately, as of `movedAt`. */
  moved = 0
  movedAt = 0

  constructor(row: PacedRow, direction: Direction, goOn: () => void) {
    this.row = row
    this.direction = direction
    this.goOn = goOn
  }

  get isWaiting(): boolean {
    return this.queue !== undefined
  }
}

/**
 * Keeps flows to the rates that are set for them. libuv cannot be told how much to read, so the grant is asked for what has
 * been read: what goes beyond it stays in the stream, which reads on to its high-water mark and no further. A flow without
 * credit waits until the bucket that was short has filled; timers run only for buckets that somebody waits for.
 */
export class Pacer {
  readonly #budget: Budget
  /** By bucket. */
  readonly #queues = new Map<number, Queue>()

  constructor(budget: Budget) {
    this.#budget = budget
  }

  /**
   * Of `length` bytes that have come, those that may go on now; 0: the flow waits until it is told to go on. `behind` them
   * so many more have come.
   */
  grant(flow: Flow, length: number, behind: number): number {
    const { row, direction } = flow
    const isPaced = this.#budget.isPaced(row, direction)
    const granted = isPaced ? this.#grant(flow, length, length + behind, performance.now()) : length
    if (granted === length && row.waiting === 0) row.paced = PacedBy.nobody
    return granted
  }

  /** Whether a datagram may pass; one over the rate is dropped, for to wait would make it late. */
  passes(row: PacedRow, direction: Direction, bytes: number): boolean {
    if (!this.#budget.isPaced(row, direction)) return true
    const passes = this.#budget.takeWhole(row, direction, bytes, performance.now())
    row.paced = passes ? PacedBy.nobody : this.#budget.shortBy
    if (!passes) row.dropped()
    return passes
  }

  /** The flow is over. */
  forget(flow: Flow): void {
    this.#takeGranted(flow, 0, 0)
    this.#leave(flow)
  }

  /** The limits have changed: all who wait try again, and none of them behind another, which would wait by the old limits. */
  limitsChanged(): void {
    const flows = [...this.#queues.values()].flatMap(({ waiting }) => waiting.all)
    for (const flow of flows) this.#leave(flow)
    for (const flow of flows) flow.goOn()
  }

  #grant(flow: Flow, length: number, toSay: number, now: number): number {
    flow.moved = movedLately(flow.moved, now - flow.movedAt)
    flow.movedAt = now
    const granted = this.#takeGranted(flow, length, toSay) || this.#take(flow, length, now)
    if (granted === 0) this.#park(flow, toSay, now)
    flow.moved += granted
    return granted
  }

  /** Behind those who wait already: a crowd of those who have little to say would leave them nothing. */
  #take({ row, direction }: Flow, length: number, now: number): number {
    return this.#budget.isContended(row, direction) ? 0 : this.#budget.take(row, direction, length, now)
  }

  /** Of what was granted to it before, as much as it needs; the rest is for what has come behind, or is given back. */
  #takeGranted(flow: Flow, length: number, toSay: number): number {
    const used = Math.min(flow.granted, length)
    flow.granted -= used
    if (flow.granted === 0 || toSay > length) return used
    this.#budget.giveBack(flow.row, flow.direction, flow.granted)
    flow.granted = 0
    return used
  }

  #park(flow: Flow, toSay: number, now: number): void {
    const { short, shortBy } = this.#budget
    const queue = this.#queues.get(short) ?? this.#open(short, now)
    // That and what it has moved lately is less than others get at a time.
    const isLight = flow.moved + toSay < this.#budget.quantum(short)
    queue.waiting.add(flow, flow.row, { isLight, moved: flow.moved, now })
    this.#budget.waits(short, 1)
    flow.queue = queue
    flow.since = now
    flow.row.waiting++
    flow.row.paced = shortBy
  }

  #open(bucket: number, now: number): Queue {
    const queue = { bucket, waiting: new WaitingFlows<Flow>(), timer: this.#timerFor(bucket, now) }
    this.#queues.set(bucket, queue)
    return queue
  }

  #timerFor(bucket: number, now: number): NodeJS.Timeout {
    return setTimeout(() => this.#serve(bucket), this.#budget.wakeAt(bucket, now) - now)
  }

  /** Give those whose turn it is what there is, a grant each, and let them go on. */
  #serve(bucket: number): void {
    const queue = this.#queues.get(bucket)
    if (!queue) return
    const { waiting } = queue
    const now = performance.now()
    for (let flow = waiting.first; flow; flow = waiting.first) {
      const granted = this.#budget.take(flow.row, flow.direction, largestChunk, now)
      if (granted === 0 && this.#budget.short === bucket) {
        queue.timer = this.#timerFor(bucket, now)
        return
      }
      if (granted > 0) waiting.passOn()
      this.#leave(flow)
      // Another of its limits may be what it waits for now.
      if (granted === 0) {
        this.#park(flow, largestChunk, now)
        continue
      }
      flow.granted = granted
      flow.goOn()
    }
  }

  #leave(flow: Flow): void {
    const { queue } = flow
    if (!queue) return
    flow.queue = undefined
    flow.row.waiting--
    flow.row.waited(flow.direction, performance.now() - flow.since)
    queue.waiting.delete(flow)
    this.#budget.waits(queue.bucket, -1)
    if (queue.waiting.size > 0) return
    this.#queues.delete(queue.bucket)
    clearTimeout(queue.timer)
  }
}
