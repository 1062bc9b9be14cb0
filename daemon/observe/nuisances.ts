import { Reason, type SessionTable, State, stateCount } from '../engine/session-table.ts'
import { unmapped } from '../net/address.ts'

/** Milliseconds between two looks. */
const period = 250
/** So many are told of in one look: a flood of them shall not keep the main thread busy. */
const most = 1_000

/** What a client did that has not learnt to use a proxy, or does not mean to, and how long it stayed, in milliseconds. */
export interface Nuisance {
  readonly kind: 'malformed' | 'unsupported' | 'silent'
  readonly stayed: number
}

/**
 * Tells of clients that asked for nothing that we do, or said nothing until their time was up, from the rows of ended sessions that
 * loops leave behind anyway: it costs them nothing. Under a flood that fills the ring faster than it is read some are
 * missed, of whom enough is left.
 */
export class Nuisances {
  readonly #tables: readonly SessionTable[]
  /** Milliseconds that a client has to ask for something. */
  readonly #patience: () => number
  /** Of a client with this address, 4 or 16 bytes. */
  readonly #tell: (address: Uint8Array, nuisance: Nuisance) => void
  /** By table: how many sessions had ended at the last look. */
  readonly #seen: number[]
  readonly #timer: NodeJS.Timeout

  constructor(
    tables: readonly SessionTable[],
    patience: () => number,
    tell: (address: Uint8Array, nuisance: Nuisance) => void,
  ) {
    this.#tables = tables
    this.#patience = patience
    this.#tell = tell
    this.#seen = tables.map(({ endings }) => endings.count)
    this.#timer = setInterval(() => this.#look(), period).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const found: (readonly [address: Uint8Array, nuisance: Nuisance])[] = []
    for (const [i, table] of this.#tables.entries()) {
      const ended = table.endings.count
      const { values } = table.endings.drain(this.#seen[i], ended, (row) => {
        const nuisance = found.length < most ? this.#nuisanceOf(table, row) : undefined
        return nuisance && ([unmapped(table.clientAddress.slice(row * 16, row * 16 + 16)), nuisance] as const)
      })
      found.push(...values.filter((value) => value !== undefined))
      this.#seen[i] = ended
    }
    for (const [address, nuisance] of found.slice(0, most)) this.#tell(address, nuisance)
  }

  /** Who was silent and gave up a place for others had less time than they were promised: that is no nuisance. */
  #nuisanceOf({ reason, closed, since }: SessionTable, row: number): Nuisance | undefined {
    const stayed = closed[row] - since[row * stateCount + State.negotiating]
    if (reason[row] === Reason.malformed) return { kind: 'malformed', stayed }
    if (reason[row] === Reason.unsupported) return { kind: 'unsupported', stayed }
    // Timers of Node may be a millisecond early.
    return reason[row] === Reason.silent && stayed >= this.#patience() - 5 ? { kind: 'silent', stayed } : undefined
  }
}
