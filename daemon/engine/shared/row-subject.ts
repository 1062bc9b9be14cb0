import { isMapped } from '../../net/address.ts'
import type { Subject } from '../../policy/rule-set.ts'
import { forwarded, type SessionTable } from '../session-table.ts'

/**
 * The session in a row of a table, as rules see it. One serves all rows, one after the other, so that a judgement allocates
 * nothing.
 */
export class RowSubject implements Subject {
  user = 0
  group = 0
  command = 0
  source: Uint8Array
  readonly #table: SessionTable
  readonly #groupOf: (user: number) => number
  readonly #ipv4 = new Uint8Array(4)
  readonly #ipv6 = new Uint8Array(16)

  /** `groupOf`: the index of a user's group, 0 for none. */
  constructor(table: SessionTable, groupOf: (user: number) => number) {
    this.#table = table
    this.#groupOf = groupOf
    this.source = this.#ipv6
  }

  /** This, until it is asked for the next; undefined for a forward's client, whom no rule is about. */
  of(slot: number): Subject | undefined {
    const { command, user, clientAddress } = this.#table
    if (command[slot] === forwarded) return undefined
    this.command = command[slot]
    this.user = user[slot]
    this.group = this.#groupOf(this.user)
    const at = slot * 16
    this.source = isMapped(clientAddress, at) ? this.#ipv4 : this.#ipv6
    const first = at + 16 - this.source.length
    for (let i = 0; i < this.source.length; i++) this.source[i] = clientAddress[first + i]
    return this
  }
}
