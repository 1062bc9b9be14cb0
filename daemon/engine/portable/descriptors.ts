import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import { Shares } from '../shared/shares.ts'

/** Milliseconds between two looks at whether there are descriptors to be had. */
const interval = 1000

/** So many of something and no more. */
export class Room {
  readonly #most: number
  #left: number
  /** Of what can be done without. */
  readonly #spare = new Shares(1)

  constructor(most: number) {
    this.#most = most
    this.#left = most
  }

  get left(): number {
    return this.#left
  }

  /** Whether there were so many, which are the caller's now. */
  take(count: number): boolean {
    if (count > this.#left) return false
    this.#left -= count
    return true
  }

  /** As `take`, of one that can be done without: the last quarter is for others, and the rest is shared out by `holder` (see `Shares`). */
  takeSpare(holder: string): boolean {
    const isTaken = this.#spare.isFree(holder, this.#left - Math.floor(this.#most / 4)) && this.take(1)
    if (isTaken) this.#spare.take(holder)
    return isTaken
  }

  giveSpare(holder: string, count: number): void {
    for (let i = 0; i < count; i++) this.#spare.give(holder)
    this.give(count)
  }

  give(count: number): void {
    this.#left += count
  }
}

/**
 * Warns once of each shortage of room, as it begins. When accept(2) fails for want of a descriptor, libuv tries on and
 * tells nobody, so this looks for itself.
 */
export class Shortage {
  readonly #warn: (message: string) => void
  #timer: NodeJS.Timeout | undefined
  #anyWaited = false
  #noneLeft = false

  constructor(warn: (message: string) => void) {
    this.#warn = warn
  }

  /** Look from now on, until `close`. */
  watch(): void {
    this.#timer = setInterval(() => this.#look(), interval).unref()
  }

  /** A client has come; so many now wait for others to leave. */
  arrived(waiting: number): void {
    if (waiting > 0 && !this.#anyWaited) this.#tell('the limit of connections is reached')
    this.#anyWaited = waiting > 0
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const noneLeft = !canOpen()
    if (noneLeft && !this.#noneLeft) this.#tell('no descriptors are left')
    this.#noneLeft = noneLeft
  }

  #tell(why: string): void {
    this.#warn(`${why}: new clients wait until others have left`)
  }
}

/** Whether this process, and the machine, have a descriptor to spare. */
function canOpen(): boolean {
  try {
    closeSync(openSync(devNull, 'r'))
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code !== 'EMFILE' && code !== 'ENFILE'
  }
}
