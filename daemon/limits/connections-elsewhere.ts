import type { Accounts } from '../access/accounts.ts'

/** What loops count of a user's connections, by index. */
interface Lines {
  /** Undefined without a limit. */
  maxConnections(index: number): number | undefined
  /** In this process and those before it. */
  connections(index: number): number
  setElsewhere(index: number, connections: number): void
}

/** Live connections of one user. */
export type Held = readonly [user: string, connections: number]

/** Of users who may have so many only: what a process that makes way tells its successor. */
export function heldByLimited(accounts: Pick<Accounts, 'highestIndex' | 'nameOf'>, lines: Lines): Held[] {
  const held: Held[] = []
  for (let index = 1; index <= accounts.highestIndex; index++) {
    if (lines.maxConnections(index) === undefined) continue
    const connections = lines.connections(index)
    const user = accounts.nameOf(index)
    if (connections > 0 && user !== undefined) held.push([user, connections])
  }
  return held
}

/** Has connections count that the processes before still serve: one more upgrade must not give anybody as many again. */
export class ConnectionsElsewhere {
  readonly #accounts: Pick<Accounts, 'named'>
  readonly #lines: Lines
  /** Indices that some were counted for. */
  #counted: ReadonlySet<number> = new Set()

  constructor(accounts: Pick<Accounts, 'named'>, lines: Lines) {
    this.#accounts = accounts
    this.#lines = lines
  }

  /** These are all there are now. */
  follow(held: readonly Held[]): void {
    const counted = new Set<number>()
    for (const [user, connections] of held) {
      const index = this.#accounts.named(user)?.index
      if (index === undefined) continue
      this.#lines.setElsewhere(index, connections)
      counted.add(index)
    }
    for (const index of this.#counted) if (!counted.has(index)) this.#lines.setElsewhere(index, 0)
    this.#counted = counted
  }
}
