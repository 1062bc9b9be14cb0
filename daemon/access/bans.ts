import { counted } from '../../shared/format/count.ts'
import { bareWord } from '../../shared/format/safe-text.ts'
import { formatDuration } from '../../shared/format/time.ts'
import type { BanReason, Ban as ToldBan } from '../../shared/protocol/methods.ts'
import { banReasons, damagedBans } from '../../shared/protocol/vocabulary.ts'
import { tellObservers } from '../contained.ts'
import { formatAddress } from '../net/address.ts'
import { formatNetwork, type Network, parseNetwork } from '../net/network.ts'
import { Refusal } from '../refusal.ts'
import type { BanStore } from '../store/store.ts'
import { byCodePoint } from './code-point-order.ts'
import type { LateChanges } from './late-changes.ts'
import type { LoginFailure, Sources } from './logins.ts'
import { type Ban, type Offence, Penalties, type PenaltiesOptions, sourceNetwork } from './penalties.ts'

/** Milliseconds between two looks at which bans have passed, and between two writes of those that were earned. */
const period = 1_000
/** Of all places, those that only admins take for good: the rest is left to what is earned, whoever bans whom. */
const keptShare = 1 / 4
/** Lines of the log in that time; how many more there were is told in one. */
const mostLines = 100

export interface BansOptions {
  readonly store: BanStore
  readonly late: LateChanges
  /** Bans at once. */
  readonly most: number
  readonly isKnown: PenaltiesOptions['isKnown']
  /** Has the loops reset the clients of these networks, and no others. */
  readonly keepOut: (networks: readonly Network[]) => void
  /** Says a line to the log. */
  readonly tell: (line: string) => void
  readonly warn: (message: string) => void
  /** Whole milliseconds since 1970 of a time of `now`. */
  readonly tellTime: (time: number) => number
  /** Milliseconds, on a clock that only goes forward: whoever sets the one on the wall bans nobody for years. */
  readonly now?: () => number
}

type BanListener = (ban: ToldBan, isBanned: boolean) => void

/** Sources that may not connect, by what they did or by an operator's word. All acts at once, and is stored when it can be. */
export class Bans implements Sources {
  readonly #options: BansOptions
  readonly #now: () => number
  readonly #penalties: Penalties
  /** What is not stored yet, by source; null: the ban is lifted. */
  readonly #unsaved = new Map<string, ToldBan | null | 'passed'>()
  /** What stands in the store for the source of a ban, and is none. */
  /** By what stands for the source, why it cannot be read. */
  readonly #damaged = new Map<string, string>()
  #timer: NodeJS.Timeout | undefined
  /** The loops do not know of the last change yet. */
  #isStale = false
  /** Lines said since the last look, and those left out. */
  #lines = 0
  readonly #listeners = new Set<BanListener>()
  readonly #loginListeners = new Set<(address: Uint8Array) => void>()

  private constructor(options: BansOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    const { most, isKnown } = options
    this.#penalties = new Penalties({ most, isKnown, changed: (ban, isBanned) => this.#changed(ban, isBanned) })
  }

  /** With those that are stored and have not passed. */
  static async load(options: BansOptions, exempt: readonly string[]): Promise<Bans> {
    const bans = new Bans(options)
    bans.exempt(exempt)
    bans.goOnWith(await options.store.list())
    return bans
  }

  /** Goes on with bans that begun elsewhere, but with those that have passed, and none in the place of one that lasts longer. */
  goOnWith(told: readonly ToldBan[]): void {
    const ends = new Map(this.#penalties.bans.map(({ network, until }) => [formatNetwork(network), until]))
    for (const [stored, network] of this.#readable(told)) {
      const ban = this.#banOf(stored, network)
      if ((ends.get(stored.source) ?? 0) >= ban.until) continue
      if (this.#penalties.isExempt(ban.network)) this.#unsaved.set(stored.source, null)
      else if (ban.until <= this.#now()) this.#unsaved.set(stored.source, 'passed')
      else if (this.#penalties.ban(ban) && ban.by === null) this.#penalties.remember(ban)
    }
  }

  /**
   * Has bans of these sources be as the store says that they are now, since another daemon has changed them there. What acts here
   * and is not stored yet is stored first. Rejects with a StoreError, and then nothing has changed.
   */
  async adopt(sources: ReadonlySet<string> | 'all'): Promise<void> {
    await this.#save()
    const listed = await this.#options.store.list()
    const changed = sources === 'all' ? listed : listed.filter(({ source }) => sources.has(source))
    for (const source of sources === 'all' ? this.#damaged.keys() : sources) this.#damaged.delete(source)
    const stored = new Map(this.#readable(changed).map((read) => [read[0].source, read]))
    const now = this.#now()
    const known = new Map(this.#penalties.bans.map((ban) => [formatNetwork(ban.network), ban]))
    for (const source of sources === 'all' ? new Set([...stored.keys(), ...known.keys()]) : sources) {
      // Another change of the same source has come meanwhile.
      if (this.#unsaved.has(source)) continue
      const [told, before] = [stored.get(source), known.get(source)]
      const ban = told && this.#banOf(...told)
      if (ban && ban.until > now && !this.#penalties.isExempt(ban.network)) {
        if (before && isSameBan(before, ban)) continue
        if (this.#penalties.ban(ban) && ban.by === null) this.#penalties.remember(ban)
      } else if (before && before.until - now > period) this.#penalties.lift(before.network)
      this.#unsaved.delete(source)
    }
  }

  #readable(told: readonly ToldBan[]): ReadBans['readable'] {
    const { readable, damaged, renamed, warnings } = readBans(told)
    for (const [source, problem] of damaged) this.#damaged.set(source, problem)
    // It goes on under the name that lifts it.
    for (const source of renamed) this.#unsaved.set(source, null)
    for (const warning of warnings) this.#options.warn(warning)
    return readable
  }

  #banOf(stored: ToldBan, network: Network): Ban {
    const now = this.#now()
    const started = this.#options.tellTime(now)
    // The clock on the wall may have been set meanwhile: none lasts longer than it was to.
    const left = stored.until === null ? Number.POSITIVE_INFINITY : stored.until - Math.max(started, stored.since)
    const since = now - Math.max(0, started - stored.since)
    return { ...stored, network, since, until: now + left }
  }

  /** Hear of each ban that begins or is over, until the returned function is called. */
  watch(listener: BanListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Hear of each login that fails, by its address of 4 or 16 bytes, until the returned function is called. */
  watchLogins(listener: (address: Uint8Array) => void): () => void {
    this.#loginListeners.add(listener)
    return () => void this.#loginListeners.delete(listener)
  }

  /** From now on these addresses and networks are never banned. */
  exempt(networks: readonly string[]): void {
    this.#penalties.exempt(networks.map(parseNetwork))
  }

  isKnown(address: Uint8Array): boolean {
    return this.#options.isKnown(sourceNetwork(address, 64), this.#now())
  }

  loginFailed(address: Uint8Array, username: Uint8Array, login: number, failure: LoginFailure): boolean {
    tellObservers(this.#loginListeners, address)
    if (!this.#penalties.note(address, 'login', this.#now(), login)) return false
    this.#tell(`auth_failed ip=${formatAddress(address)} user=${bareWord(username)} reason=${failure}`)
    return true
  }

  crowded(address: Uint8Array): void {
    this.noted(address, 'crowding')
  }

  /** A client of this address, 4 or 16 bytes, did something else that earns a ban. */
  noted(address: Uint8Array, offence: Exclude<Offence, 'login'>): void {
    this.#penalties.note(address, offence, this.#now())
  }

  /** A client of this address, 4 or 16 bytes, said nothing for so many milliseconds, until its time was up. */
  wasSilent(address: Uint8Array, silence: number): void {
    this.#penalties.noteSilence(address, silence, this.#now())
  }

  /** How many there are of addresses, or networks, of each family. */
  countByFamily(): Record<'ipv4' | 'ipv6', number> {
    const { bans } = this.#penalties
    const ipv4 = bans.filter(({ network }) => network.bytes.length === 4).length
    return { ipv4, ipv6: bans.length - ipv4 }
  }

  /** By source, in code point order. */
  /** What of the stored ones is left out, in words for people. */
  get damages(): string[] {
    return leftOut(this.#damaged)
  }

  list(): ToldBan[] {
    this.#penalties.expire(this.#now())
    return this.#penalties.bans.map((ban) => this.#told(ban)).sort((a, b) => byCodePoint(a.source, b.source))
  }

  /**
   * Bans a source until so many seconds have passed, or for good, by the word of this operator. Refused with `invalid` if it is
   * none, and with `conflict` if it is exempt or there is no room: of all places a quarter is for what is earned and for who `mayFill`
   * them all.
   */
  async add(
    source: string,
    seconds: number | undefined,
    by: string,
    mayFill: boolean,
  ): Promise<{ ban: ToldBan; stored: boolean }> {
    const network = bannable(source)
    if (this.#penalties.isExempt(network)) {
      throw new Refusal('conflict', `${formatNetwork(network)} is never banned: take it out of ban-exempt first`)
    }
    if (!mayFill) this.#refuseBeyondShare(network)
    const since = this.#now()
    const ban: Ban = {
      network,
      since,
      until: since + (seconds ?? Number.POSITIVE_INFINITY) * 1000,
      reason: 'operator',
      by,
    }
    if (!this.#penalties.ban(ban)) {
      throw new Refusal('conflict', `there are ${this.#options.most} bans, the most there can be: lift one first`)
    }
    return { ban: this.#told(ban), stored: await this.#store() }
  }

  #refuseBeyondShare(network: Network): void {
    const { most } = this.#options
    const places = Math.floor(most * (1 - keptShare))
    const source = formatNetwork(network)
    const others = this.#penalties.bans.filter(({ by, network }) => by !== null && formatNetwork(network) !== source)
    if (others.length < places) return
    const kept = `the other ${most - places} places are for admins and for what the daemon bans by itself`
    throw new Refusal('conflict', `operators have banned ${others.length} sources, and ${kept}: lift one first`)
  }

  /**
   * Lifts the ban of a network, or all that an address is in; for `damagedBans` forgets those that cannot be read. Refused with
   * `not_found` if there is none.
   */
  async remove(source: string): Promise<{ lifted: ToldBan[]; stored: boolean }> {
    if (source === damagedBans) return { lifted: [], stored: await this.#forgetDamaged() }
    const network = parse(source)
    const isAddress = network.prefix === network.bytes.length * 8
    const networks = isAddress ? [sourceNetwork(network.bytes, 64), sourceNetwork(network.bytes, 48)] : [network]
    const lifted = networks.flatMap((each) => this.#penalties.lift(each) ?? []).map((ban) => this.#told(ban))
    if (lifted.length === 0) throw new Refusal('not_found', `there is no ban of ${formatNetwork(network)}`)
    return { lifted, stored: await this.#store() }
  }

  #forgetDamaged(): Promise<boolean> {
    if (this.#damaged.size === 0) throw new Refusal('not_found', 'there is no stored ban that cannot be read')
    for (const source of this.#damaged.keys()) this.#unsaved.set(source, null)
    this.#damaged.clear()
    return this.#store()
  }

  /** Stores what is not stored yet. Rejects with a StoreError. */
  async store(): Promise<void> {
    await this.#store()
    await this.#options.late.settle()
  }

  /** Stores what is not stored yet, if it can be. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#store()
  }

  #changed(ban: Ban, isBanned: boolean): void {
    const source = formatNetwork(ban.network)
    const told = this.#told(ban)
    const over = ban.until <= this.#now() ? 'passed' : null
    this.#unsaved.set(source, isBanned ? told : over)
    tellObservers(this.#listeners, told, isBanned)
    if (isBanned && ban.by === null)
      this.#tell(`${source} is banned for ${formatDuration(ban.until - ban.since)}: ${reasonWords[ban.reason]}`)
    this.#keepOut()
    this.#watch()
  }

  /** Once for all that changes at a time, and before anybody comes in: thousands of bans may be over in one look. */
  #keepOut(): void {
    if (this.#isStale) return
    this.#isStale = true
    queueMicrotask(() => {
      this.#isStale = false
      this.#options.keepOut(this.#penalties.bans.map(({ network }) => network))
    })
  }

  #watch(): void {
    this.#timer ??= setInterval(() => this.#look(), period).unref()
  }

  #tell(line: string): void {
    this.#lines++
    if (this.#lines <= mostLines) this.#options.tell(line)
    this.#watch()
  }

  #look(): void {
    this.#penalties.expire(this.#now())
    if (this.#lines > mostLines)
      this.#options.tell(`left out ${this.#lines - mostLines} more lines of failed logins and bans in a second`)
    this.#lines = 0
    if (this.#unsaved.size > 0) void this.#store()
    else if (this.#penalties.bans.length === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
  }

  #store(): Promise<boolean> {
    return this.#options.late.store('the bans', this.#save)
  }

  readonly #save = async (): Promise<void> => {
    const changes = new Map(this.#unsaved)
    if (changes.size > 0) await this.#options.store.save(changes)
    for (const [source, ban] of changes) if (this.#unsaved.get(source) === ban) this.#unsaved.delete(source)
  }

  #told({ network, since, until, reason, by }: Ban): ToldBan {
    const { tellTime } = this.#options
    const end = until === Number.POSITIVE_INFINITY ? null : tellTime(until)
    return { source: formatNetwork(network), since: tellTime(since), until: end, reason, by }
  }
}

/** Clocks of two machines differ a little. */
function isSameBan(one: Ban, other: Ban): boolean {
  const isSameEnd = one.until === other.until || Math.abs(one.until - other.until) < period
  return isSameEnd && one.reason === other.reason && one.by === other.by
}

const reasonWords: Readonly<Record<BanReason, string>> = {
  login: 'wrong passwords',
  malformed: 'what is no request to a proxy',
  silent: 'hundreds of connections that ask for nothing',
  operator: "an operator's word",
}

/** Stored bans, as far as they can be read. */
interface ReadBans {
  readonly readable: readonly (readonly [ToldBan, Network])[]
  /** By what stands for the source of the others, why they cannot be read. */
  readonly damaged: ReadonlyMap<string, string>
  /** What stands for the source of a readable one, which is written in another way. */
  readonly renamed: readonly string[]
  /** Of all that is damaged, for people. */
  readonly warnings: readonly string[]
}

/**
 * A byte that has changed on the disk, or another version, may have left a ban of what is no source: the others act all the same. One
 * of a source of which the rest means nothing holds until it is lifted.
 */
export function readBans(stored: readonly ToldBan[]): ReadBans {
  const readable: [ToldBan, Network][] = []
  const damaged = new Map<string, string>()
  const renamed: string[] = []
  const endless: string[] = []
  for (const ban of stored) {
    try {
      const network = bannable(ban.source.slice(0, longestSource))
      const source = formatNetwork(network)
      if (source !== ban.source) renamed.push(ban.source)
      const isSound = isWhole(ban)
      if (!isSound) endless.push(source)
      readable.push([{ ...(isSound ? ban : endlessly(ban)), source }, network])
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      damaged.set(ban.source, error.message)
    }
  }
  return { readable, damaged, renamed, warnings: [...leftOut(damaged), ...holding(endless)] }
}

/** More characters than any source has. */
const longestSource = 64
/** Milliseconds since 1970 that a Date can hold at most. */
const lastMoment = 8.64e15

function isWhole({ since, until, reason }: ToldBan): boolean {
  const isTime = (time: number) => Number.isInteger(time) && Math.abs(time) <= lastMoment
  return isTime(since) && (until === null || isTime(until)) && banReasons.includes(reason)
}

/** As an operator's, which makes room for no other. */
function endlessly({ source, by }: ToldBan): ToldBan {
  return { source, since: 0, until: null, reason: 'operator', by: by ?? 'nobody' }
}

function leftOut(damaged: ReadBans['damaged']): string[] {
  const [first, ...others] = damaged.values()
  if (first === undefined) return []
  const which = others.length > 0 ? `, the first since ${first}` : `, since ${first}`
  const mend = `ban anew whom it was about, and forget them with 'unban ${damagedBans}'`
  return [`${counted(others.length + 1, 'stored ban')} left out${which}: ${mend}`]
}

function holding([first, ...others]: readonly string[]): string[] {
  if (first === undefined) return []
  const which = others.length > 0 ? `${first} and ${counted(others.length, 'more source')}` : first
  return [`the stored ban of ${which} is damaged, and holds until 'unban'`]
}

/** Throws a Refusal. */
function bannable(text: string): Network {
  const network = parse(text)
  const { bytes, prefix } = network
  if (bytes.length === 4 ? prefix === 32 : prefix === 48 || prefix === 64) return network
  if (prefix === 128) return sourceNetwork(bytes, 64)
  throw new Refusal(
    'invalid',
    `${formatNetwork(network)} is no source: a ban is of an IPv4 address, or an IPv6 network of 64 or 48 bits`,
  )
}

function parse(text: string): Network {
  try {
    return parseNetwork(text)
  } catch (error) {
    throw error instanceof RangeError ? new Refusal('invalid', error.message) : error
  }
}
