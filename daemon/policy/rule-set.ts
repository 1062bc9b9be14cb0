import { isLoopback } from '../net/address.ts'
import {
  Field,
  Head,
  hashStart,
  hashStep,
  nameSlotWords,
  nestWords,
  networkWords,
  recordWords,
  Who,
} from './compile.ts'
import { embeddedAddresses, isSpecial } from './special.ts'

/**
 * What decides: 0 if nothing is about it, else a place. The first ones are what denies without a line of the rules, then
 * come the rules in their order.
 */
export const BuiltIn = { none: 0, ownSockets: 1, special: 2, commands: 3 } as const
export const firstRulePlace = 4
/** For people each place has a number that stays its own; those of rules begin here. */
export const firstRuleId = 16

/** Who asks, and for what. */
export interface Subject {
  /** The user's index, 0 without a login. */
  readonly user: number
  /** The index of the user's group, 0 for none. */
  readonly group: number
  /** The client's address, 4 or 16 bytes. */
  readonly source: Uint8Array
  /** CMD (RFC 1928, section 4). */
  readonly command: number
}

/** What the conditions of a rule are held against. One serves all, one after the other: a judgement allocates nothing. */
interface Question {
  subject: Subject
  port: number
  /** Milliseconds since 1970. */
  now: number
  /** Undefined in the name phase, where `resolving` of a rule that allows holds, and of one that denies does not. */
  address: Uint8Array | undefined
  /** A rule that allows must name the address: see `decideAddress`. */
  explicitOnly: boolean
}

const nobody: Subject = { user: 0, group: 0, source: new Uint8Array(4), command: 0 }

const none = Number.MAX_SAFE_INTEGER

/**
 * Compiled rules at work. A decision is the place of what decides, negative if it denies, else it allows; 0: nothing is
 * about it, which allows.
 */
export class RuleSet {
  readonly #words: Int32Array
  readonly #unsigned: Uint32Array
  readonly #bytes: Uint8Array
  readonly #untils: Float64Array
  readonly #question: Question = { subject: nobody, port: 0, now: 0, address: undefined, explicitOnly: false }

  /** Rules up to this one are as if they were not there. */
  readonly #last: number

  /** `buffer`: what `compileRules` made. Rules up to the one at the place `last` are left out. */
  constructor(buffer: SharedArrayBuffer, last = firstRulePlace - 1) {
    this.#last = last - firstRulePlace
    this.#words = new Int32Array(buffer)
    this.#unsigned = new Uint32Array(buffer)
    this.#bytes = new Uint8Array(buffer)
    this.#untils = new Float64Array(buffer, 4 * this.#words[Head.untils], this.#words[Head.rules])
  }

  /** Whether there is no rule. */
  get isEmpty(): boolean {
    return this.#words[Head.rules] === 0
  }

  /** All that can decide: no place is as high. */
  get places(): number {
    return firstRulePlace + this.#words[Head.rules]
  }

  /** What people know a place by. */
  idOf(place: number): number {
    return place < firstRulePlace ? place : this.#record(place - firstRulePlace, Field.id)
  }

  /**
   * Whether a name may be looked up, which is before its addresses are known. A rule on networks that allows, and comes
   * first, leaves it open whether all the rest is denied; it never lets pass a name that a rule denies.
   *
   * `name` is as `comparableName` gives it; `now` in milliseconds since 1970.
   */
  decideName(subject: Subject, name: string, port: number, now: number): number {
    this.#ask(subject, undefined, port, now)
    const any = this.#first(this.#words[Head.anyList], none)
    // The same rule may be about anything and about the name: then it is about the name.
    const named = this.#firstOfName(name, any + 1)
    const number = Math.min(any, named)
    if (number === none) return BuiltIn.none
    if (number === named || this.#allows(number)) return this.#decision(number)
    const open = this.#first(this.#words[Head.networkAllows], number)
    return open < number ? BuiltIn.none : this.#decision(number)
  }

  /**
   * Whether there may be an association (UDP ASSOCIATE): not if all of its datagrams would be denied, whatever they are
   * sent to, which are judged each. A rule that allows some of them, and comes first, leaves it open.
   */
  decideAssociation(subject: Subject, now: number): number {
    if (this.isEmpty) return BuiltIn.none
    const number = this.#firstOfAll(subject, now)
    return number === none || this.#allows(number) ? BuiltIn.none : this.#decision(number)
  }

  /**
   * Whether an address may be dialled, or a datagram sent to it: 4 or 16 bytes, not IPv4-mapped. `name` is what the client
   * asked for, undefined for an address of its own. What the address leads to in the end must be allowed, too.
   */
  decideAddress(subject: Subject, name: string | undefined, address: Uint8Array, port: number, now: number): number {
    if (this.isEmpty && isLoopback(subject.source)) return BuiltIn.none
    const decision = this.#decide(subject, name, address, port, now)
    if (decision < 0) return decision
    for (const embedded of embeddedAddresses(address)) {
      const inner = this.#decide(subject, name, embedded, port, now)
      if (inner < 0) return inner
    }
    return decision
  }

  #decide(subject: Subject, name: string | undefined, address: Uint8Array, port: number, now: number): number {
    const isNotPublic = isSpecial(address)
    const isGuarded = isNotPublic && !isLoopback(subject.source)
    const words = this.#words
    this.#ask(subject, address, port, now)
    const explicit = Math.min(
      this.#firstOfNetworks(address),
      isNotPublic ? this.#first(words[Head.specialList], none) : none,
    )
    // Where an address is guarded, a rule that does not name it lets nobody in: it is as if it were not there.
    this.#question.explicitOnly = isGuarded
    const general = this.#first(words[Head.anyList], explicit)
    const best = Math.min(explicit, general)
    const named = name === undefined ? none : this.#firstOfName(name, best)
    const number = Math.min(best, named)
    if (number === none) return isGuarded ? -BuiltIn.special : BuiltIn.none
    return this.#decision(number)
  }

  #ask(subject: Subject, address: Uint8Array | undefined, port: number, now: number): void {
    const question = this.#question
    question.subject = subject
    question.port = port
    question.now = now
    question.address = address
    question.explicitOnly = false
  }

  /** The first rule that allows something, or denies everything, to whoever asks. */
  #firstOfAll(subject: Subject, now: number): number {
    const words = this.#words
    const at = words[Head.lists] + words[Head.anyList]
    for (let i = 1; i <= words[at]; i++) {
      const number = words[at + i]
      if (number <= this.#last) continue
      const isForAll = this.#record(number, Field.portCount) === 0 && this.#record(number, Field.resolvingCount) === 0
      if (this.#allows(number) || !isForAll || !this.#concerns(number, subject, now)) continue
      for (let before = this.#last + 1; before < number; before++)
        if (this.#allows(before) && this.#concerns(before, subject, now)) return before
      return number
    }
    return none
  }

  #decision(number: number): number {
    const place = firstRulePlace + number
    return this.#allows(number) ? place : -place
  }

  #allows(number: number): boolean {
    return this.#record(number, Field.allow) === 1
  }

  #record(number: number, field: number): number {
    return this.#words[this.#words[Head.records] + number * recordWords + field]
  }

  /** The first rule of a list, ahead of `before`, whose conditions hold. */
  #first(list: number, before: number): number {
    const words = this.#words
    const at = words[Head.lists] + list
    const count = words[at]
    for (let i = 1; i <= count; i++) {
      const number = words[at + i]
      if (number >= before) return none
      if (number <= this.#last) continue
      if (this.#holds(number)) return number
    }
    return none
  }

  /** The first rule that names a network around an address. */
  #firstOfNetworks(address: Uint8Array): number {
    const words = this.#words
    let best = none
    for (let nest = this.#nestOf(address); nest !== 0; ) {
      const at = words[Head.nests] + nest * nestWords
      best = Math.min(best, this.#first(words[at], best))
      nest = words[at + 1]
    }
    return best
  }

  #firstOfName(name: string, before: number): number {
    let best = before
    let hash = hashStart
    for (let i = name.length - 1; i >= 0; i--) {
      hash = hashStep(hash, name.charCodeAt(i))
      if (i > 0 && name.charCodeAt(i - 1) !== 0x2e) continue
      const slot = this.#slotOf(name, i, hash)
      if (slot === 0) continue
      const list = this.#words[slot + (i === 0 ? 3 : 4)]
      best = Math.min(best, this.#first(list, best))
    }
    return best === before ? none : best
  }

  /** Where the suffix of `name` from `start` stands in the table of names; 0 if it does not. */
  #slotOf(name: string, start: number, hash: number): number {
    const words = this.#words
    const slots = words[Head.nameSlots]
    const length = name.length - start
    for (let place = hash & (slots - 1); ; place = (place + 1) & (slots - 1)) {
      const slot = words[Head.names] + place * nameSlotWords
      if (words[slot + 2] === 0) return 0
      if (words[slot] === hash && words[slot + 2] === length && this.#isSame(words[slot + 1], name, start)) return slot
    }
  }

  #isSame(offset: number, name: string, start: number): boolean {
    const at = 4 * this.#words[Head.nameBytes] + offset - start
    for (let i = start; i < name.length; i++) if (this.#bytes[at + i] !== name.charCodeAt(i)) return false
    return true
  }

  #holds(number: number): boolean {
    const { subject, port, now, address, explicitOnly } = this.#question
    const words = this.#words
    const record = words[Head.records] + number * recordWords
    const isAllowed = words[record + Field.allow] === 1
    const resolvingCount = words[record + Field.resolvingCount]
    if (explicitOnly && isAllowed && resolvingCount === 0) return false
    const portCount = words[record + Field.portCount]
    if (portCount > 0 && !this.#hasPort(words[record + Field.ports], portCount, port)) return false
    if (!this.#concerns(number, subject, now)) return false
    if (resolvingCount === 0) return true
    if (address === undefined) return isAllowed
    return this.#anyContains(words[record + Field.resolving], resolvingCount, address)
  }

  /** Whether the rule is about whoever asks, and what they ask for, now. */
  #concerns(number: number, subject: Subject, now: number): boolean {
    const words = this.#words
    const record = words[Head.records] + number * recordWords
    const who = Atomics.load(words, record + Field.who)
    if (who === Who.nobody) return false
    const index = words[record + Field.whoIndex]
    if (who === Who.user && index !== subject.user) return false
    if (who === Who.group && index !== subject.group) return false
    const commands = words[record + Field.commands]
    if (commands !== 0 && (commands & (1 << subject.command)) === 0) return false
    if (this.#untils[number] <= now) return false
    const fromCount = words[record + Field.fromCount]
    return fromCount === 0 || this.#anyContains(words[record + Field.from], fromCount, subject.source)
  }

  #hasPort(at: number, count: number, port: number): boolean {
    const first = this.#words[Head.ports] + at
    for (let i = first; i < first + 2 * count; i += 2)
      if (port >= this.#words[i] && port <= this.#words[i + 1]) return true
    return false
  }

  #anyContains(at: number, count: number, address: Uint8Array): boolean {
    const words = this.#words
    const first = words[Head.networks] + at * networkWords
    for (let network = first; network < first + count * networkWords; network += networkWords) {
      if (words[network] !== address.length) continue
      let isInside = true
      for (let bits = words[network + 1], i = 0; bits > 0 && isInside; bits -= 32, i++) {
        const difference = words[network + 2 + i] ^ wordOf(address, i)
        isInside = (bits >= 32 ? difference : difference >>> (32 - bits)) === 0
      }
      if (isInside) return true
    }
    return false
  }

  /** The narrowest network around an address that a rule names; 0 if none does. */
  #nestOf(address: Uint8Array): number {
    return address.length === 4 ? this.#nestOfIpv4(wordOf(address, 0) >>> 0) : this.#nestOfIpv6(address)
  }

  #nestOfIpv4(address: number): number {
    const words = this.#unsigned
    const start = words[Head.ipv4]
    let low = 0
    let high = words[Head.ipv4Count]
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if (words[start + 2 * middle] <= address) low = middle
      else high = middle
    }
    return words[start + 2 * low + 1]
  }

  #nestOfIpv6(address: Uint8Array): number {
    const words = this.#unsigned
    const start = words[Head.ipv6]
    const [a, b, c, d] = [
      wordOf(address, 0) >>> 0,
      wordOf(address, 1) >>> 0,
      wordOf(address, 2) >>> 0,
      wordOf(address, 3) >>> 0,
    ]
    let low = 0
    let high = words[Head.ipv6Count]
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      const at = start + 5 * middle
      const difference = words[at] - a || words[at + 1] - b || words[at + 2] - c || words[at + 3] - d
      if (difference <= 0) low = middle
      else high = middle
    }
    return words[start + 5 * low + 4]
  }
}

/** A signed 32-bit word of an address, in network order. */
function wordOf(address: Uint8Array, i: number): number {
  return (address[4 * i] << 24) | (address[4 * i + 1] << 16) | (address[4 * i + 2] << 8) | address[4 * i + 3]
}
