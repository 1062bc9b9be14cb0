import { type Address, parseAddress } from '../../net/address.ts'
import { ifNametoindex } from '../../os/libc.ts'
import { inTurns } from '../staggering.ts'
import type { LoopMail } from './mail.ts'
import type { Clock } from './sessions.ts'

/**
 * For how long a name's addresses are good, in milliseconds. The system's resolver does not say for how long they may
 * be kept, so not for long: enough for a page that opens fifty connections to one host.
 */
const nameLasts = 5_000
/** And for how long it counts that a name has none: that may be a passing trouble, but not within a page's many questions. */
const absenceLasts = 2_000
/** Names remembered at once; the one learnt first goes first. */
const capacity = 4_096

/** A session that waits for a name. */
export interface Asker {
  readonly slot: number
  readonly generation: number
}

/** What a loop knows of names: addresses learnt a moment ago, and who waits for the control plane's answer. */
export class Names {
  readonly #known = new Map<string, { readonly addresses: readonly Address[]; readonly until: number }>()
  readonly #askers = new Map<string, Asker[]>()
  readonly #clock: Clock
  readonly #post: (mail: LoopMail) => void

  constructor(clock: Clock, post: (mail: LoopMail) => void) {
    this.#clock = clock
    this.#post = post
  }

  /** The name's addresses, if they are known. */
  recall(name: string): readonly Address[] | undefined {
    const known = this.#known.get(name)
    return known && known.until > this.#clock.now ? known.addresses : undefined
  }

  /** As `recall`; if they are not known, `asker` is among those that `learn` returns. */
  ask(name: string, asker: Asker): readonly Address[] | undefined {
    const known = this.recall(name)
    if (known) return known
    const askers = this.#askers.get(name)
    if (askers) {
      askers.push(asker)
    } else {
      this.#askers.set(name, [asker])
      this.#post({ type: 'resolve', name })
    }
    return undefined
  }

  /** The control plane's answer, as literals. Returns the addresses, in the order to try them, and all who asked. */
  learn(name: string, literals: readonly string[]): { addresses: readonly Address[]; askers: readonly Asker[] } {
    const addresses = inTurns(
      literals.flatMap((text) => parseAddress(text, ifNametoindex) ?? []),
      ({ bytes }) => bytes.length === 16,
    )
    const askers = this.#askers.get(name) ?? []
    this.#askers.delete(name)
    this.#known.delete(name)
    const lasts = addresses.length > 0 ? nameLasts : absenceLasts
    this.#known.set(name, { addresses, until: this.#clock.now + lasts })
    const [oldest] = this.#known.keys()
    if (this.#known.size > capacity && oldest !== undefined) this.#known.delete(oldest)
    return { addresses, askers }
  }
}
