import { type Address, isUnspecified } from '../net/address.ts'
import type { Destination } from '../net/destination.ts'
import { Command } from '../socks/messages.ts'
import type { OwnSockets } from './own-sockets.ts'
import { BuiltIn, type RuleSet, type Subject } from './rule-set.ts'

/**
 * Where clients may be led: one judgement for all that a session would reach, in both engines. Proxyd's own sockets stand
 * above every rule. Decisions are as those of `RuleSet`.
 *
 * Whoever comes to a forward is led where the owner of the daemon has said, which needs no rule: they have no `Subject`.
 */
export class Judge {
  readonly rules: RuleSet
  readonly #own: OwnSockets

  constructor(own: OwnSockets, rules: RuleSet) {
    this.#own = own
    this.rules = rules
  }

  /**
   * Whether a request may go on, which is asked of every session between its login, if it needs one, and whatever is done
   * for it. What can be decided only by an address that is not known yet may: a name's, a peer's who may be anybody, and
   * those of the datagrams of an association.
   */
  admit(subject: Subject | undefined, destination: Destination): number {
    if (subject?.command === Command.udpAssociate) return this.rules.decideAssociation(subject, Date.now())
    if (destination.kind === 'address' && !isAnybody(subject, destination.bytes))
      return this.judge(subject, undefined, destination, destination.port)
    return this.judgeName(subject, destination.kind === 'name' ? destination.name : '', destination.port)
  }

  /** Whether a name may be looked up, which is before its addresses are judged. */
  judgeName(subject: Subject | undefined, name: string, port: number): number {
    if (subject === undefined || this.rules.isEmpty) return BuiltIn.none
    return this.rules.decideName(subject, name, port, Date.now())
  }

  /** As `judge`, for a datagram: its association was let in whatever it sends to, so its name is judged, too. */
  judgeDatagram(subject: Subject | undefined, name: string | undefined, address: Address, port: number): number {
    const byName = name === undefined ? BuiltIn.none : this.judgeName(subject, name, port)
    return byName < 0 ? byName : this.judge(subject, name, address, port)
  }

  /** Whether what was allowed once still is: a session that leads to this place, as far as it is known. */
  review(
    subject: Subject | undefined,
    place: { readonly name: string; readonly address: Uint8Array | undefined; readonly port: number },
  ): number {
    if (subject === undefined) return BuiltIn.none
    if (subject.command === Command.udpAssociate) return this.rules.decideAssociation(subject, Date.now())
    const { name, port } = place
    const address = place.address && !isAnybody(subject, place.address) ? place.address : undefined
    const byName = address === undefined || name !== '' ? this.judgeName(subject, name, port) : BuiltIn.none
    if (byName < 0 || address === undefined) return byName
    return this.judge(subject, name === '' ? undefined : name, { bytes: address, scope: 0 }, port)
  }

  /** Whether proxyd itself listens there: see `OwnSockets`. */
  isOwn(address: Address, port: number): boolean {
    return this.#own.has(address, port)
  }

  /** Whether an address may be reached, by the name that was asked for, if it was one. */
  judge(subject: Subject | undefined, name: string | undefined, address: Address, port: number): number {
    if (this.isOwn(address, port)) return -BuiltIn.ownSockets
    if (subject === undefined) return BuiltIn.none
    return this.rules.decideAddress(subject, name, address.bytes, port, this.rules.isEmpty ? 0 : Date.now())
  }
}

/** Whether it is a BIND that may be for any peer. */
export function isAnybody(subject: Subject | undefined, address: Uint8Array): boolean {
  return subject?.command === Command.bind && isUnspecified(address)
}
