import { type Address, isSame } from '../../net/address.ts'
import type { Destination } from '../../net/destination.ts'
import type { Egress } from '../../net/egress.ts'
import type { Endpoint } from '../../net/endpoint.ts'
import { Judge } from '../../policy/judge.ts'
import { type IsOurs, OwnSockets } from '../../policy/own-sockets.ts'
import { RuleHits } from '../../policy/rule-hits.ts'
import { BuiltIn, RuleSet } from '../../policy/rule-set.ts'
import { Command } from '../../socks/messages.ts'
import type { RuleMemory } from '../engine.ts'
import { requestedName, targetAddressOf } from '../row-place.ts'
import { type SessionTable, Total } from '../session-table.ts'
import type { Contact } from './contacts.ts'
import { RowSubject } from './row-subject.ts'

/** Live sessions that are judged anew between two looks at the events: a fraction of a millisecond's work. */
export const reviewedAtOnce = 256

/** Where a loop's verdicts come from. */
export interface VerdictSources {
  readonly table: SessionTable
  /** The index of a user's group, 0 for none. */
  readonly groupOf: (user: number) => number
  /** Which loop it is, from 0. */
  readonly loop: number
  /** Where proxyd itself listens. */
  readonly own: readonly Endpoint[]
  readonly isOurs: IsOurs
  readonly memory: RuleMemory
  /** See `Policy`. */
  readonly egress: ReadonlyMap<number, Egress>
  /** A rule has refused a client without a login something. */
  readonly forbid: (slot: number, rule: number) => void
}

/**
 * Judges the sessions of one table by the rules of this moment: notes in a session's row which rule has decided about it,
 * and counts that. Other rules are other verdicts, so whoever remembers one can tell that it is outdated.
 */
export class Verdicts {
  /** Where a connection to the address that was allowed last leaves from; undefined: wherever the system says. */
  egress: Egress | undefined
  readonly #via: RuleMemory['via']
  readonly #egress: ReadonlyMap<number, Egress>
  readonly #hasEgress: boolean
  readonly #table: SessionTable
  readonly #forbid: VerdictSources['forbid']
  readonly #judge: Judge
  readonly #hits: RuleHits
  readonly #subject: RowSubject
  /** The address that a client was let ask for just now, and what was decided: it is dialled next, and not judged twice. */
  #admitted: Destination | undefined
  #admittedBy = 0

  constructor({ table, groupOf, loop, own, isOurs, memory, egress, forbid }: VerdictSources) {
    const rules = new RuleSet(memory.rules)
    this.#table = table
    this.#forbid = forbid
    this.#judge = new Judge(new OwnSockets(own, isOurs), rules)
    this.#hits = new RuleHits(memory.hits, rules.places, loop)
    this.#subject = new RowSubject(table, groupOf)
    this.#via = memory.via
    this.#egress = egress
    this.#hasEgress = memory.via.size + egress.size > 0
  }

  /** See `Judge.admit`. The row has the session's command. */
  admits(slot: number, destination: Destination): boolean {
    const decision = this.#judge.admit(this.#subject.of(slot), destination)
    this.#admitted = this.#table.command[slot] === Command.connect ? destination : undefined
    this.#admittedBy = decision
    // What allows a request is known when its address is.
    return decision >= 0 || this.#note(slot, decision)
  }

  /** A client has asked for a command that the settings leave out. */
  refusedCommand(slot: number): void {
    this.#note(slot, -BuiltIn.commands)
  }

  /** Where what leads nowhere yet, and so has no rule that allows it, leaves from; undefined: wherever the system says. */
  egressOf(slot: number): Egress | undefined {
    const own = this.#egress.get(this.#table.user[slot])
    return own && own.from.length > 0 ? own : undefined
  }

  /** See `Judge.judge`. */
  allows(slot: number, name: string | undefined, address: Address, port: number): boolean {
    const isAdmitted = address === this.#admitted
    this.#admitted = undefined
    return this.#decided(
      slot,
      isAdmitted ? this.#admittedBy : this.#judge.judge(this.#subject.of(slot), name, address, port),
    )
  }

  /** Whether datagrams may be for a name, asked before it is looked up. */
  allowsName(slot: number, name: string, port: number): boolean {
    const decision = this.#judge.judgeName(this.#subject.of(slot), name, port)
    return decision >= 0 || this.#note(slot, decision)
  }

  /** As `allows`, for one datagram of many, by its name and its address; `memo` is the association's. */
  allowsDatagram(slot: number, memo: DatagramMemo, name: string | undefined, address: Address, port: number): boolean {
    if (this.#judge.isOwn(address, port)) return this.#note(slot, -BuiltIn.ownSockets)
    const known = memo.recall(this, name, address.bytes, port)
    if (known) {
      this.egress = known.egress
      return known.isAllowed
    }
    const isAllowed = this.#decided(slot, this.#judge.judgeDatagram(this.#subject.of(slot), name, address, port))
    memo.learn(this, { name, bytes: address.bytes, port, isAllowed, egress: this.egress })
    return isAllowed
  }

  /** Whether a datagram may still go where one went: this is no request of anybody's, and counts for none. */
  allowsStill(slot: number, { name, bytes, port }: Contact): boolean {
    return this.#judge.judgeDatagram(this.#subject.of(slot), name, { bytes, scope: 0 }, port) >= 0
  }

  /** Whether what a live session does, by its row, is still allowed. */
  stands(slot: number): boolean {
    const decision = this.#judge.review(this.#subject.of(slot), placeOf(this.#table, slot))
    return decision >= 0 || this.#note(slot, decision)
  }

  #egressBy(decision: number, slot: number): Egress | undefined {
    const from = this.#via.get(this.#judge.rules.idOf(Math.abs(decision)))
    if (!from) return this.egressOf(slot)
    return { from, mode: this.#egress.get(this.#table.user[slot])?.mode ?? 'sticky' }
  }

  /** What was decided about an address; returns whether it allows. */
  #decided(slot: number, decision: number): boolean {
    if (this.#hasEgress) this.egress = this.#egressBy(decision, slot)
    if (decision !== 0) return this.#note(slot, decision)
    // Another address of the name may have been denied before.
    if (this.#table.rule[slot] !== 0) this.#table.decidedBy(slot, 0)
    return true
  }

  /** Returns whether it allows. */
  #note(slot: number, decision: number): boolean {
    const place = Math.abs(decision)
    const rule = this.#judge.rules.idOf(place)
    if (this.#table.rule[slot] !== rule) {
      this.#table.decidedBy(slot, rule)
      this.#hits.count(place, Date.now())
      this.#table.totals[decision > 0 ? Total.ruledFor : Total.ruledAgainst]++
      if (decision < 0) this.#table.forbiddenBy(slot, rule)
      if (decision < 0 && this.#table.user[slot] === 0) this.#forbid(slot, rule)
    }
    return decision > 0
  }
}

/** Where the session in a row leads, as far as that is known. */
export function placeOf(
  table: SessionTable,
  slot: number,
): { readonly name: string; readonly address: Uint8Array | undefined; readonly port: number } {
  return {
    name: requestedName(table, slot) ?? '',
    address: targetAddressOf(table, slot),
    port: table.targetPort[slot] as number,
  }
}

/** Places that an association remembers what was decided of. */
const memoPlaces = 16

interface Decided {
  readonly name: string | undefined
  readonly bytes: Uint8Array
  readonly port: number
  readonly isAllowed: boolean
  readonly egress: Egress | undefined
}

/** What was decided of the last places that an association's datagrams were for, for as long as the rules are the same. */
export class DatagramMemo {
  #by: Verdicts | undefined
  #decided: (Decided | undefined)[] = []

  recall(by: Verdicts, name: string | undefined, bytes: Uint8Array, port: number): Decided | undefined {
    if (this.#by !== by) return undefined
    const known = this.#decided[slotOf(bytes, port)]
    const isIt = known?.port === port && known.name === name && isSame(known.bytes, bytes)
    return isIt ? known : undefined
  }

  learn(by: Verdicts, decided: Decided): void {
    if (this.#by !== by) this.#decided = []
    this.#by = by
    this.#decided[slotOf(decided.bytes, decided.port)] = decided
  }
}

function slotOf(bytes: Uint8Array, port: number): number {
  return ((bytes[bytes.length - 1] as number) ^ port) & (memoPlaces - 1)
}
