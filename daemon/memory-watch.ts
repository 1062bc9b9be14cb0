import type { GroupMemory } from './os/memory-limit.ts'

/** Milliseconds between two looks. */
const period = 100
const MiB = 1024 * 1024
/** What is kept for all but new connections: this part of the limit, or so much. */
const [reservedPart, mostReserved] = [1 / 4, 128 * MiB]
/** What one more connection may come to, and more, if neither side reads: some 140 KiB on the portable engine, and 320 on that for Linux. */
const perConnection = MiB / 2
/** Looks within which a connection has come to what it takes. */
const settling = 50
/** However little is left, so many may be there. */
const fewest = 16
/** With room for so many more nothing is limited, for they do not come within a period. */
const plenty = 1_000

export interface MemoryWatchOptions {
  readonly memory: () => GroupMemory
  readonly countLive: () => number
  readonly warn: (message: string) => void
}

/**
 * Where a control group limits memory, the kernel would end the daemon for the client with whom it is used up. So no more clients are
 * let in than what is left is enough for, and the others wait.
 */
export class MemoryWatch {
  readonly #options: MemoryWatchOptions
  readonly #always: number
  #timer: NodeJS.Timeout | undefined
  #onChange: () => void = () => {}
  #most = Number.POSITIVE_INFINITY
  #isShort = false
  /** Live ones at the last looks. */
  readonly #live: number[] = []

  /** Before the first client comes. */
  constructor(options: MemoryWatchOptions) {
    this.#options = options
    // What connections have had is not given back to the system at once, but is there for the next ones. Half, for the rest grows, too.
    this.#always = Math.max(fewest, Math.floor(spareConnections(options.memory()) / 2))
  }

  /** Look from now on, until `close`; `onChange` hears whenever `most` is another. */
  start(onChange: () => void): void {
    this.#onChange = onChange
    this.#timer = setInterval(() => this.#look(), period).unref()
    this.#look()
  }

  /** Connections that there may be; infinity while nothing is short. */
  get most(): number {
    return this.#most
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const { memory, countLive, warn } = this.#options
    const now = memory()
    const spare = spareConnections(now)
    if (Number.isNaN(spare)) return
    // To count them takes a look at every place.
    if (spare >= 2 * plenty) this.#live.length = 0
    else if (this.#live.push(countLive()) > settling) this.#live.shift()
    const live = this.#live.at(-1)
    if (live === undefined || spare >= plenty) return this.#allow(Number.POSITIVE_INFINITY)
    // What is spare is also for those who have come lately, and need not have taken it yet.
    const most = Math.max(this.#always, live, Math.min(...this.#live) + spare)
    // Each change has the loops look at all their sessions: a little more need not be told until they come near.
    if (most < this.#most || most > this.#most * 1.25 || live > this.#most * 0.75) this.#allow(most)
    if (live >= this.#most * 0.9 && !this.#isShort) {
      this.#isShort = true
      warn(
        `memory is short (${Math.floor(now.most / MiB)} MiB in its control group): there is room for few more clients`,
      )
    } else if (live < this.#most / 2) this.#isShort = false
  }

  #allow(most: number): void {
    if (most === this.#most) return
    this.#most = most
    this.#onChange()
  }
}

function spareConnections({ most, left }: GroupMemory): number {
  return Math.max(0, Math.floor((left - Math.min(mostReserved, most * reservedPart)) / perConnection))
}
