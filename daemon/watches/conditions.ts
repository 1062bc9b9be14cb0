import type { WatchTerms } from '../../shared/filter/watch-text.ts'
import { formatRate } from '../../shared/format/bytes.ts'
import { counted } from '../../shared/format/count.ts'
import { formatDuration } from '../../shared/format/time.ts'
import type { Health, WatchNotice } from '../../shared/protocol/methods.ts'
import { contains, parseNetwork } from '../net/network.ts'
import type { SessionMove } from './session-moves.ts'

/** What is known of the last second or so. */
export interface Second {
  /** Of `performance.now`. */
  readonly now: number
  /** Milliseconds since the second before. */
  readonly lasted: number
  /** Bytes of everybody and of users, both ways, which only grow; undefined if there is no such user. */
  moved(user?: string): number | undefined
  /** Looked at for who wants it. */
  sessions(): readonly SessionMove[]
  nameOf(index: number): string | undefined
  near(user?: string): Health['near']
  /** Addresses, 4 or 16 bytes, whose logins failed in it, and the source that each is of, as text. */
  readonly failed: readonly { readonly bytes: Uint8Array; readonly text: string }[]
}

/** What there is to tell: of whom it is so from now on, or no more, or what was seen. */
export type Told = Pick<WatchNotice, 'state' | 'subject' | 'text'>

/** Looks out for one thing, a second at a time. */
export interface Condition {
  /** Of whom it is so. */
  readonly firing: readonly string[]
  look(second: Second): Told[]
}

/** Sources of which failures are counted by one watch; users who are near limits are fewer. */
const mostSubjects = 1_000
/** New destinations told of in a minute by one watch. */
const mostSeen = 20
/** Destinations remembered by one watch; beyond it the one that was added first is forgotten. */
const mostKnown = 2_000

/** `seen`: destinations that are none that a user goes to for the first time; it grows by those that are told. */
export function conditionOf(terms: WatchTerms, seen: Set<string>): Condition {
  switch (terms.kind) {
    case 'rate':
      return new HighRate(terms)
    case 'login-failures':
      return new LoginFailures(terms)
    case 'new-destination':
      return new NewDestinations(terms.user, seen)
    case 'near-limit':
      return new NearLimit(terms.user)
  }
}

/** Above a rate in each second of a time; over once it was not for as long. */
class HighRate implements Condition {
  firing: readonly string[] = []
  readonly #terms: Extract<WatchTerms, { kind: 'rate' }>
  readonly #isOf: (source: Uint8Array) => boolean
  #before: number | undefined
  /** Since when it is otherwise than told; undefined: it is not. */
  #changed: number | undefined

  constructor(terms: Extract<WatchTerms, { kind: 'rate' }>) {
    this.#terms = terms
    this.#isOf = isWithin(terms.source)
  }

  look(second: Second): Told[] {
    const { above, span, user, source } = this.#terms
    const rate = (this.#movedIn(second) * 1000) / second.lasted
    const isFiring = this.firing.length > 0
    if (rate > above === isFiring) {
      this.#changed = undefined
      return []
    }
    this.#changed ??= second.now - second.lasted
    if (second.now - this.#changed < span) return []
    this.#changed = undefined
    const subject = user ?? source ?? 'all'
    this.firing = isFiring ? [] : [subject]
    const bound = `${formatRate(above)} for ${formatDuration(span)}`
    const text = `${subject}: ${formatRate(rate)}, ${isFiring ? 'no more above' : 'above'} ${bound}`
    return [{ state: isFiring ? 'over' : 'firing', subject, text }]
  }

  #movedIn(second: Second): number {
    if (this.#terms.source !== undefined)
      return second
        .sessions()
        .filter(({ source }) => this.#isOf(source))
        .reduce((sum, { moved }) => sum + moved, 0)
    const total = second.moved(this.#terms.user)
    const moved = total === undefined || this.#before === undefined ? 0 : Math.max(0, total - this.#before)
    this.#before = total
    return moved
  }
}

/** More failed logins of one source than these within a time; over once there are no more than that. */
class LoginFailures implements Condition {
  readonly #terms: Extract<WatchTerms, { kind: 'login-failures' }>
  readonly #isOf: (source: Uint8Array) => boolean
  /** By source, the one heard of last behind the others. */
  readonly #failures = new Map<string, Times>()
  readonly #firing = new Set<string>()

  constructor(terms: Extract<WatchTerms, { kind: 'login-failures' }>) {
    this.#terms = terms
    this.#isOf = isWithin(terms.source)
  }

  get firing(): readonly string[] {
    return [...this.#firing]
  }

  look({ now, failed }: Second): Told[] {
    const { above, span } = this.#terms
    for (const { bytes, text } of failed) if (this.#isOf(bytes)) this.#note(text, now)
    const told: Told[] = []
    for (const [subject, times] of this.#failures) {
      times.forget(now - span)
      const { count } = times
      const within = `within ${formatDuration(span)}`
      if (count > above && !this.#firing.has(subject)) {
        this.#firing.add(subject)
        told.push({
          state: 'firing',
          subject,
          text: `${subject}: more than ${counted(above, 'failed login')} ${within}`,
        })
      } else if (count <= above && this.#firing.delete(subject)) {
        told.push({
          state: 'over',
          subject,
          text: `${subject}: no more than ${counted(above, 'failed login')} ${within}`,
        })
      }
      if (count === 0) this.#failures.delete(subject)
    }
    return told
  }

  #note(source: string, now: number): void {
    const times = this.#failures.get(source) ?? new Times(this.#terms.above + 1)
    this.#failures.delete(source)
    this.#failures.set(source, times)
    times.note(now)
    const [oldest] = this.#failures.keys()
    if (this.#failures.size > mostSubjects && oldest !== undefined) {
      this.#failures.delete(oldest)
      this.#firing.delete(oldest)
    }
  }
}

/** When something happened, of late: a stranger may make it happen thousands of times a second, so no time is copied for another. */
class Times {
  /** So many are remembered, the last. */
  readonly #most: number
  /** Those before `#first` are forgotten. */
  #times: number[] = []
  #first = 0

  constructor(most: number) {
    this.#most = most
  }

  get count(): number {
    return this.#times.length - this.#first
  }

  note(now: number): void {
    this.#times.push(now)
    if (this.count > this.#most) this.#first++
    this.#tidy()
  }

  /** Those up to that time. */
  forget(until: number): void {
    while (this.count > 0 && (this.#times[this.#first] as number) <= until) this.#first++
    this.#tidy()
  }

  #tidy(): void {
    if (this.#first <= this.count) return
    this.#times = this.#times.slice(this.#first)
    this.#first = 0
  }
}

/** A user goes where they have not been before. */
class NewDestinations implements Condition {
  readonly firing = []
  readonly #user: string
  readonly #seen: Set<string>
  /** When those of the last minute were told. */
  #told: number[] = []
  #untold = 0

  constructor(user: string, seen: Set<string>) {
    this.#user = user
    this.#seen = seen
  }

  look({ now, sessions, nameOf }: Second): Told[] {
    const subject = this.#user
    const hosts = new Set<string>()
    for (const { host, user } of sessions())
      if (host !== undefined && user !== 0 && nameOf(user) === subject && !this.#seen.has(host)) hosts.add(host)
    this.#told = this.#told.filter((time) => now - time < 60_000)
    const told: Told[] = []
    for (const host of hosts) {
      this.#learn(host)
      if (this.#told.length >= mostSeen) {
        this.#untold++
        continue
      }
      const more = this.#untold > 0 ? ` (and ${this.#untold} before that were not told)` : ''
      this.#untold = 0
      this.#told.push(now)
      told.push({ state: 'seen', subject, text: `${subject} goes to ${host} for the first time${more}` })
    }
    return told
  }

  #learn(host: string): void {
    learn(this.#seen, host)
  }
}

/** From now on it is no new destination any more. */
export function learn(seen: Set<string>, host: string): void {
  seen.add(host)
  const [oldest] = seen
  if (seen.size > mostKnown && oldest !== undefined) seen.delete(oldest)
}

/** Somebody is near a limit, as the daemon's health tells. */
class NearLimit implements Condition {
  readonly #user: string | undefined
  #firing = new Map<string, string>()

  constructor(user: string | undefined) {
    this.#user = user
  }

  get firing(): readonly string[] {
    return [...new Set(this.#firing.values())]
  }

  look({ near }: Second): Told[] {
    const now = new Map<string, string>()
    const told: Told[] = []
    for (const { user, limit, used, most } of near(this.#user)) {
      const key = JSON.stringify([user, limit])
      now.set(key, user)
      const percent = most > 0 ? `${Math.floor((100 * used) / most)} % of ` : ''
      if (!this.#firing.has(key))
        told.push({ state: 'firing', subject: user, text: `${user} is near a limit: ${percent}${limit}` })
    }
    for (const [key, user] of this.#firing)
      if (!now.has(key))
        told.push({ state: 'over', subject: user, text: `${user} is no more near ${JSON.parse(key)[1]}` })
    this.#firing = now
    return told
  }
}

function isWithin(source: string | undefined): (address: Uint8Array) => boolean {
  if (source === undefined) return () => true
  const network = parseNetwork(source)
  return (address) => contains(network, address)
}
