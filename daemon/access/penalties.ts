import type { BanReason } from '../../shared/protocol/methods.ts'
import { firstOfSource } from '../net/address.ts'
import { contains, formatNetwork, type Network } from '../net/network.ts'

const second = 1_000
const day = 86_400 * second

/**
 * What a client did that one with a right to be here does not, and what it costs, in milliseconds. `crowding`: its login was
 * dropped, since its source had more waiting than others. It counts where one has failed: a flood of guesses is checked too
 * slowly for those that fail to add up. `unsupported`: any web page can have a browser do it, but not 3,300 times a second: one in Chromium came to 687 on two busy cores.
 */
const offences = { login: 5 * second, crowding: second, malformed: second, unsupported: 0.3 } as const
export type Offence = keyof typeof offences
/** A web page can have a browser open connections that say nothing, but no more at once: 256 in Chromium. */
const silentAtOnce = 320

/** From so much on a source is kept out for as long as that is. */
const banFrom = 15 * second
/** The first ban is no longer than this; each further one within a day twice as long as the last, a day at most. */
const longestFirst = 600 * second
/** A whole /48 is kept out when its /64 networks have earned so many times what bans one of them. */
const wideFactor = 8
/** Failed logins of a source that are remembered, so that one stale password does not count again and again. */
const failuresRemembered = 10
/** Sources of which anything is remembered; beyond it the one heard of longest ago goes. */
const mostSources = 32_768

/** A source that may not connect. */
export interface Ban {
  /** An IPv4 address, or an IPv6 network of 64 or 48 bits. */
  readonly network: Network
  readonly since: number
  /** Infinity: until it is lifted. */
  readonly until: number
  readonly reason: BanReason
  /** Who said so; null: nobody, it was earned. */
  readonly by: string | null
}

interface Record {
  /** When what was done will be forgiven. */
  forgiven: number
  /** The length of its last ban, and when it ended; 0 if there was none. */
  lastBan: number
  lastEnd: number
  /** Digests of its last failed logins. */
  readonly failures: number[]
}

export interface PenaltiesOptions {
  /** Bans at once. */
  readonly most: number
  /** Whether somebody in this network was let in within a day, and so it is not to be banned. */
  readonly isKnown: (network: Network, now: number) => boolean
  /** A source is kept out, or no more. */
  readonly changed: (ban: Ban, isBanned: boolean) => void
}

/**
 * Keeps count of what each source does wrong: an IPv4 address, or of IPv6 the /64 that an address is in and, for more, its
 * /48. A penalty is time: it passes by itself, and who has gathered enough of it is kept out until it has (as sshd's
 * PerSourcePenalties do). Times are milliseconds of a clock that only goes forward, from the caller.
 */
export class Penalties {
  readonly #options: PenaltiesOptions
  #exempt: readonly Network[] = []
  /** By network, the one heard of last behind the others. */
  readonly #records = new Map<string, Record>()
  readonly #bans = new Map<string, Ban>()

  constructor(options: PenaltiesOptions) {
    this.#options = options
  }

  /** From now on these are never banned: what bans them is lifted. */
  exempt(networks: readonly Network[]): void {
    this.#exempt = networks
    for (const { network } of this.bans) if (this.isExempt(network)) this.lift(network)
  }

  /** Whether anything in a network is exempt. */
  isExempt(network: Network): boolean {
    return this.#exempt.some((exempt) => contains(exempt, network.bytes) || contains(network, exempt.bytes))
  }

  /** The bans that hold, by the last `expire`. */
  get bans(): Ban[] {
    return [...this.#bans.values()]
  }

  /**
   * A client of `address`, 4 or 16 bytes, did wrong. `login`, a digest, tells one wrong login from another without telling what
   * it was. False if it does not count.
   */
  note(address: Uint8Array, offence: Offence, now: number, login?: number): boolean {
    const record = this.#recordOf(sourceNetwork(address, 64))
    if (login !== undefined) {
      if (record.failures.includes(login)) return false
      record.failures.push(login)
      if (record.failures.length > failuresRemembered) record.failures.shift()
    } else if (offence === 'crowding' && record.failures.length === 0) return false
    this.#earn(address, offences[offence], banReasonOf(offence), now)
    return true
  }

  /** A client of `address`, 4 or 16 bytes, said nothing for so many milliseconds. It adds up while there are more than `silentAtOnce`. */
  noteSilence(address: Uint8Array, silence: number, now: number): void {
    this.#earn(address, silence / silentAtOnce, 'silent', now)
  }

  /** Puts a ban in the place of one that there is; false if there are as many as there can be, none of them earned. */
  ban(ban: Ban): boolean {
    const key = formatNetwork(ban.network)
    if (!this.#bans.has(key) && this.#bans.size >= this.#options.most && !this.#makeRoom()) return false
    this.#bans.delete(key)
    this.#bans.set(key, ban)
    this.#options.changed(ban, true)
    return true
  }

  /** Remembers how long an earned ban was: the next one is longer. */
  remember({ network, since, until }: Ban): void {
    const record = this.#recordOf(network)
    record.lastBan = until - since
    record.lastEnd = until
  }

  /** Lifts a ban, and forgets what was done; undefined if there is none. */
  lift(network: Network): Ban | undefined {
    const key = formatNetwork(network)
    const ban = this.#bans.get(key)
    this.#records.delete(key)
    if (!ban) return undefined
    this.#bans.delete(key)
    this.#options.changed(ban, false)
    return ban
  }

  /** Lifts what has passed. */
  expire(now: number): void {
    for (const ban of this.bans) if (ban.until <= now) this.#end(ban)
  }

  #earn(address: Uint8Array, penalty: number, reason: BanReason, now: number): void {
    this.#punish(sourceNetwork(address, 64), penalty, reason, banFrom, now)
    if (address.length === 16) this.#punish(sourceNetwork(address, 48), penalty, reason, wideFactor * banFrom, now)
  }

  #punish(network: Network, penalty: number, reason: BanReason, from: number, now: number): void {
    const record = this.#recordOf(network)
    // What comes to light once it is banned was done before.
    if (this.isExempt(network) || this.#bans.has(formatNetwork(network))) return
    record.forgiven = Math.min(Math.max(record.forgiven, now) + penalty, now + longestFirst)
    const earned = record.forgiven - now
    if (earned < from) return
    // Who is known starts anew, too: of a /48 it takes a while to find out.
    record.forgiven = 0
    if (this.#options.isKnown(network, now)) return
    const isRepeat = record.lastBan > 0 && now - record.lastEnd < day
    const length = Math.min(day, isRepeat ? Math.max(earned, 2 * record.lastBan) : earned)
    const ban: Ban = { network, since: now, until: now + length, reason, by: null }
    if (this.ban(ban)) this.remember(ban)
  }

  /** The earned ban that ends first does so now. */
  #makeRoom(): boolean {
    const earned = this.bans.filter(({ by }) => by === null)
    if (earned.length === 0) return false
    this.#end(earned.reduce((first, ban) => (ban.until < first.until ? ban : first)))
    return true
  }

  #end(ban: Ban): void {
    this.#bans.delete(formatNetwork(ban.network))
    this.#options.changed(ban, false)
  }

  #recordOf(network: Network): Record {
    const key = formatNetwork(network)
    const record = this.#records.get(key) ?? { forgiven: 0, lastBan: 0, lastEnd: 0, failures: [] }
    this.#records.delete(key)
    this.#records.set(key, record)
    if (this.#records.size > mostSources) {
      const [oldest = key] = this.#records.keys()
      this.#records.delete(oldest)
    }
    return record
  }
}

function banReasonOf(offence: Offence): BanReason {
  if (offence === 'crowding') return 'login'
  return offence === 'unsupported' ? 'malformed' : offence
}

/** What counts as one source: an IPv4 address, or the network of `bits` that an IPv6 address is in. */
export function sourceNetwork(address: Uint8Array, bits: 48 | 64): Network {
  return { bytes: firstOfSource(address, bits), prefix: address.length === 4 ? 32 : bits }
}
