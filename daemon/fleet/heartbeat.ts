import { formatDuration } from '../../shared/format/time.ts'
import type { FleetStore, StoredNode } from '../store/store.ts'

/** Milliseconds between two words of a node, and the part of them by which each is earlier or later. */
const period = 5_000
const jitter = 0.2
/** Milliseconds without a word after which a node counts as gone: three in a row are missing. */
export const goneAfter = 17_000
/** Milliseconds that the last word may take: the end does not wait for a store that does not answer. */
const farewellTime = 1_000
/** Milliseconds between two clocks from which on it is told. */
const clocksApart = 60_000

/** What there is to tell of this node beside how busy it is. */
export type NodeFacts = Omit<StoredNode, 'up' | 'down' | 'cpu'>

export interface HeartbeatOptions {
  readonly store: Pick<FleetStore, 'beat'>
  readonly tell: () => NodeFacts
  /** Bytes from clients and to them, which only grow. */
  readonly moved: () => { readonly up: number; readonly down: number }
  /** Microseconds of processor time, which only grow. */
  readonly spent?: () => number
  readonly warn: (message: string) => void
  /** Hears, in words, when the clock of this machine is another one than that of the store, and, undefined, when it is that again. */
  readonly clockIs: (off: string | undefined) => void
  /** Milliseconds on a clock that only goes forward. */
  readonly now?: () => number
}

interface Counted {
  readonly at: number
  readonly up: number
  readonly down: number
  readonly spent: number
}

/**
 * Tells the fleet that this node is there, and how it does, and notices another daemon that does so under the same name. What the
 * store does not take is told by who asks it for more.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions
  readonly #now: () => number
  #before: Counted
  #beating: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  /** Whether it has told of itself since it was started: what stands there before that is of a process that this one follows. */
  #hasTold = false
  /** Whether the clock is another one than the store's. */
  #isOff = false
  /** Another daemon of this name, and when it was heard of last. */
  #twin: { readonly at: number; readonly called: string } | undefined

  constructor(options: HeartbeatOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    this.#before = this.#count()
  }

  /** Resolves when the fleet has heard of it, or could not. */
  async start(): Promise<void> {
    this.#hasTold = false
    this.beat()
    await this.#beating
  }

  /** At once, since something has changed; and from then on again and again. */
  beat(): void {
    clearTimeout(this.#timer)
    const wait = period * (1 - jitter + 2 * jitter * Math.random())
    this.#timer = setTimeout(() => this.beat(), wait).unref()
    const asked = Date.now()
    this.#beating ??= this.#options.store
      .beat(this.#node())
      .then(({ before, clock }) => {
        this.#compareClocks(asked, clock)
        this.#follows(before)
      })
      .catch(() => {})
      .finally(() => {
        this.#beating = undefined
      })
  }

  /** Between the question and the answer was the moment that the store tells. */
  #compareClocks(asked: number, clock: number): void {
    const now = Date.now()
    const ahead = asked > clock ? asked - clock : Math.min(0, now - clock)
    const isOff = Math.abs(ahead) > clocksApart
    if (isOff && !this.#isOff) {
      const off = `${formatDuration(Math.abs(ahead))} ${ahead > 0 ? 'ahead of' : 'behind'} that of the store`
      this.#options.clockIs(off)
      this.#options.warn(
        `the clock of this machine is ${off}: bans, quotas, expiry and usage go by it, so have it set, such as by NTP`,
      )
    } else if (!isOff && this.#isOff) {
      this.#options.clockIs(undefined)
      this.#options.warn('the clock of this machine is that of the store again')
    }
    this.#isOff = isOff
  }

  /** No more words: another process tells of the node from now on. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#beating
  }

  /** Says that the node ends. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, farewellTime)
    const ended = { ...this.#node(), state: 'ended' as const, connections: 0, up: 0, down: 0, cpu: 0 }
    const told = (this.#beating ?? Promise.resolve()).then(() => this.#options.store.beat(ended)).catch(() => {})
    await Promise.race([told, promise])
    clearTimeout(timer)
  }

  #node(): StoredNode {
    const [before, now] = [this.#before, this.#count()]
    this.#before = now
    const seconds = Math.max(0.001, (now.at - before.at) / 1000)
    return {
      ...this.#options.tell(),
      up: Math.round((now.up - before.up) / seconds),
      down: Math.round((now.down - before.down) / seconds),
      cpu: Math.round((now.spent - before.spent) / seconds / 10_000) / 100,
    }
  }

  /** Each does what the other is told to, and both spend what one of them is granted. */
  #follows(before: StoredNode | undefined): void {
    const isFirst = !this.#hasTold
    this.#hasTold = true
    if (isFirst || before === undefined) return
    const { name, started } = this.#options.tell()
    const isOther = before.started !== started
    if (isOther && before.state !== 'ended') {
      const called = ['another daemon', ...before.socks].join(' ')
      if (!this.#twin)
        this.#options.warn(
          `${called} is node ${name} of this fleet, too, and both go on: give one of them another name with --node`,
        )
      this.#twin = { at: this.#now(), called }
    } else if (this.#twin && (isOther || this.#now() - this.#twin.at > goneAfter)) {
      this.#options.warn(`this daemon goes on as node ${name} alone: ${this.#twin.called} has gone`)
      this.#twin = undefined
    }
  }

  #count(): Counted {
    const { moved, spent = spentByProcess } = this.#options
    return { at: this.#now(), ...moved(), spent: spent() }
  }
}

function spentByProcess(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
