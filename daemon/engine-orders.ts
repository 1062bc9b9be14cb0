import type { Engine, Policy, UserChange } from './engine/engine.ts'
import { isOurs } from './engine/portable/local-address.ts'
import type { LimitKeeper } from './limits/limit-keeper.ts'
import type { Endpoint } from './net/endpoint.ts'
import { OwnSockets } from './policy/own-sockets.ts'
import { openProxyWarning } from './settings/open-proxy.ts'

/** What operators change, ordered of the engine: what is returned resolves when all its loops act by it. */
export class EngineOrders {
  readonly #engine: Engine
  readonly #limits: Pick<LimitKeeper, 'takeWays'>
  /** Says that the proxy is open to whoever reaches it, if it can be reached from elsewhere. */
  readonly #warnOpen: () => void
  /** Who needs no password; undefined if that does not depend on users. */
  readonly #trustedUsers: () => Policy['trusted'] | undefined
  #passwordRequired: boolean
  #forbidden: readonly Endpoint[]
  /** Where a successor listens. */
  #successors: readonly Endpoint[] = []

  /** The policy and the balancers are what the engine was started with. */
  constructor(
    engine: Engine,
    limits: Pick<LimitKeeper, 'takeWays'>,
    { passwordRequired, forbidden }: Pick<Policy, 'passwordRequired' | 'forbidden'>,
    balancers: readonly string[],
    trustedUsers: () => Policy['trusted'] | undefined,
    warn: (message: string) => void,
  ) {
    this.#engine = engine
    this.#limits = limits
    this.#trustedUsers = trustedUsers
    this.#passwordRequired = passwordRequired
    this.#forbidden = forbidden
    const warning = openProxyWarning(engine.listening, balancers)
    this.#warnOpen = () => warning && warn(warning)
    if (!passwordRequired) this.#warnOpen()
  }

  /** All sockets of the daemon, as far as they are open: see `forbid`. */
  get own(): OwnSockets {
    return new OwnSockets([...this.#engine.listening, ...this.#engine.forwarding, ...this.#allForbidden], isOurs)
  }

  /** Resolves to how many sessions it ended. */
  async userChanged(change: UserChange): Promise<number> {
    const opens = this.#passwordRequired && !change.passwordRequired
    this.#passwordRequired = change.passwordRequired
    const trusted = this.#trustedUsers()
    // First: nobody comes any more as a user whose sessions are cut.
    if (trusted) await this.#engine.order('apply', { trusted })
    const cut = await this.#engine.order('userChanged', change)
    if (opens) this.#warnOpen()
    return cut.length
  }

  /** Has live sessions obey the lines of limits as they are now. */
  async limitsChanged(): Promise<void> {
    const ways = this.#limits.takeWays()
    if (ways) await this.#engine.order('ways', ways)
    await this.#engine.order('limit', undefined)
  }

  /** Keeps clients from these endpoints. */
  async forbid(endpoints: readonly Endpoint[]): Promise<void> {
    this.#forbidden = endpoints
    await this.#engine.order('apply', { forbidden: this.#allForbidden })
  }

  /** Keeps clients from these, too: by its settings a successor may listen where this process does not. */
  async forbidSuccessors(endpoints: readonly Endpoint[]): Promise<void> {
    this.#successors = endpoints
    await this.#engine.order('apply', { forbidden: this.#allForbidden })
  }

  get #allForbidden(): readonly Endpoint[] {
    return [...this.#forbidden, ...this.#successors]
  }
}
