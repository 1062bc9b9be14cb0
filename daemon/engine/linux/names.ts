import { type Address, parseAddress } from '../../net/address.ts'
import type { Destination } from '../../net/destination.ts'
import { ifNametoindex } from '../../os/libc.ts'
import type { Resolution } from '../engine.ts'
import { State, Total } from '../session-table.ts'
import { inTurns } from '../shared/happy-eyeballs.ts'
import { NameCache } from '../shared/name-cache.ts'
import type { LoopMessage } from './loop-messages.ts'
import type { Clock, Sessions } from './sessions.ts'

/** What a loop knows of names: addresses learnt a moment ago. All else it asks of the control plane. */
export class Names {
  readonly #known = new NameCache<Address>()
  readonly #sessions: Sessions
  readonly #clock: Clock
  readonly #post: (message: LoopMessage) => void

  constructor(sessions: Sessions, clock: Clock, post: (message: LoopMessage) => void) {
    this.#sessions = sessions
    this.#clock = clock
    this.#post = post
  }

  /** Forget what is not good any more. */
  sweep(): void {
    this.#known.sweep(this.#clock.now)
  }

  /** The name's addresses, if they are known. */
  recall(name: string): readonly Address[] | undefined {
    return this.#known.recall(name, this.#clock.now)?.addresses
  }

  /** As `recall`; if they are not known, the main thread is asked, and the session in this slot hears `onName`. */
  ask(name: string, slot: number): readonly Address[] | undefined {
    const known = this.recall(name)
    const { generation, table } = this.#sessions
    if (known) {
      table.totals[Total.nameKnown]++
      return known
    }
    this.#post({ type: 'resolve', slot, generation: generation[slot], serial: table.serial[slot], name })
    return undefined
  }

  /**
   * The addresses of where a session is to be led, if they are known. Else it waits for them, and its stage hears
   * `onName`, or `onDeadline` after so many milliseconds.
   */
  resolve(slot: number, destination: Destination, timeout: number): readonly Address[] | undefined {
    if (destination.kind === 'address') return [destination]
    this.#sessions.enter(slot, State.resolving)
    const known = this.ask(destination.name, slot)
    if (!known) this.#sessions.setDeadline(slot, timeout)
    return known
  }

  /** The control plane's answer. Returns the addresses, in the order to try them. */
  learn(name: string, { addresses: literals, lasts }: Resolution): readonly Address[] {
    const addresses = inTurns(
      literals.flatMap((text) => parseAddress(text, ifNametoindex) ?? []),
      ({ bytes }) => bytes.length === 16,
    )
    const { now } = this.#clock
    this.#known.learn(name, { addresses, until: now + lasts }, now)
    return addresses
  }
}
