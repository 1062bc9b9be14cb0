import { endReasons } from '../../shared/end-reasons.ts'
import type { RecentRange, Result, Sample } from '../../shared/protocol/methods.ts'
import { Reason, type SessionTable, Total } from '../engine/session-table.ts'
import { Refusal } from '../refusal.ts'
import { Recent } from './recent.ts'
import { Throughput } from './throughput.ts'
import { type Activity, UserPeriods, type UserTraffic } from './user-traffic.ts'

/** Milliseconds between two samples. */
const period = 1_000
/** Samples kept: five minutes. */
const mostSamples = 300
/** Seconds of which the greatest lag is told. */
const lagWindow = 10
/** Users named in a sample. */
const mostUsers = 10

/** Who the users are. */
export interface UserNames {
  /** No index above it was ever given. */
  readonly highestIndex: number
  /** A user's name by index; undefined for 0 and for users who are gone. */
  nameOf(index: number): string | undefined
  named(name: string): { readonly index: number } | undefined
}

interface Watcher {
  readonly listener: (sample: Sample) => void
}

/** Samples the engine's counters once a second, from the start until `stop`. */
export class RecordedMetrics {
  readonly #tables: readonly SessionTable[]
  readonly #traffic: UserTraffic
  readonly #names: UserNames
  readonly #periods: UserPeriods
  readonly #throughput = new Throughput(performance.now(), Date.now())
  readonly #lag = new Recent(lagWindow)
  /** Oldest first. */
  readonly #samples: Sample[] = []
  readonly #watchers = new Set<Watcher>()
  /** When the next sample is due, as `performance.now` counts. */
  #due = performance.now()
  #timer: NodeJS.Timeout | undefined
  #latest: Sample

  constructor(tables: readonly SessionTable[], traffic: UserTraffic, names: UserNames) {
    this.#tables = tables
    this.#traffic = traffic
    this.#names = names
    this.#periods = new UserPeriods(traffic)
    this.#latest = this.#take(0, this.#look())
    this.#samples.push(this.#latest)
    this.#wait()
  }

  /** Milliseconds by which samples, and with them all that the main thread does, were late at worst lately. */
  get lag(): number {
    return this.#lag.worst
  }

  /** A sample of this moment, numbered as the last of the series, which it leaves as it is. */
  now(): Sample {
    return this.#take(this.#latest.seq, this.#look())
  }

  history(count: number): Sample[] {
    return count > 0 ? this.#samples.slice(-count) : []
  }

  /** Refused with `not_found` if there is no such user. */
  throughput(range: RecentRange, user?: string | null): Result<'metrics.history'> {
    if (user === undefined) return this.#throughput.ofEverybody(range)
    const index = user === null ? 0 : this.#names.named(user)?.index
    if (index === undefined) throw new Refusal('not_found', `there is no user ${JSON.stringify(user)}`)
    return this.#throughput.ofUser(range, index, this.#periods.hadMoved(index))
  }

  watch(listener: (sample: Sample) => void): () => void {
    const watcher = { listener }
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }

  /** No more samples from now on. */
  stop(): void {
    clearTimeout(this.#timer)
  }

  /** Until the next full period since the start: a timer's small delays do not add up. */
  #wait(): void {
    const now = performance.now()
    this.#due += Math.max(1, Math.round((now - this.#due) / period + 1)) * period
    this.#timer = setTimeout(() => this.#record(), this.#due - now).unref()
  }

  #record(): void {
    const now = performance.now()
    this.#lag.note(now - this.#due)
    this.#wait()
    const before = this.#latest
    const active = this.#look()
    this.#latest = this.#take(before.seq + 1, active)
    this.#remember(now, before, active)
    this.#samples.push(this.#latest)
    if (this.#samples.length > mostSamples) this.#samples.shift()
    // A copy: who begins to watch now finds this sample in the history.
    for (const { listener } of [...this.#watchers]) listener(this.#latest)
  }

  #remember(now: number, before: Sample, active: readonly Activity[]): void {
    const { time, up, down } = this.#latest
    const nameOf = (index: number) => this.#names.nameOf(index)
    this.#throughput.look(now, time, { up: up - before.up, down: down - before.down }, nameOf)
    for (const { index, up, down } of active) {
      const name = this.#nameOf(index)
      if (name === undefined || up + down === 0) continue
      this.#throughput.add({ index, name, up, down, isFirst: !this.#periods.hadMoved(index) })
    }
    this.#periods.end(active)
  }

  #look(): Activity[] {
    return this.#periods.active(this.#names.highestIndex)
  }

  #take(seq: number, active: readonly Activity[]): Sample {
    return {
      seq,
      time: Date.now(),
      up: this.#total(Total.up),
      down: this.#total(Total.down),
      accepted: this.#total(Total.accepted),
      connected: this.#total(Total.connected),
      ...countEndings(this.#tables),
      connections: countLive(this.#tables),
      users: this.#busiest(active),
    }
  }

  #total(which: Total): number {
    return this.#tables.reduce((sum, table) => sum + table.totals[which], 0)
  }

  /** By bytes moved since the last sample, then by live connections. */
  #busiest(active: readonly Activity[]): Sample['users'] {
    return active
      .map(({ index, connections, up, down }) => ({ index, name: this.#nameOf(index), connections, moved: up + down }))
      .filter((user) => user.name !== undefined)
      .sort((a, b) => b.moved - a.moved || b.connections - a.connections)
      .slice(0, mostUsers)
      .map(({ index, name = null }) => ({ name, ...this.#traffic.of(index) }))
  }

  /** Null for clients without login, undefined for users who are gone. */
  #nameOf(index: number): string | null | undefined {
    return index === 0 ? null : this.#names.nameOf(index)
  }
}

/** Live connections, all loops together. */
export function countLive(tables: readonly SessionTable[]): number {
  let live = 0
  for (const { serial, capacity } of tables) for (let slot = 0; slot < capacity; slot++) if (serial[slot] !== 0) live++
  return live
}

/** The sessions that have ended, all loops together. */
export function countEndings(tables: readonly SessionTable[]): Pick<Sample, 'ended' | 'failed' | 'denied'> {
  const counts = endReasons.map((_, reason) => tables.reduce((sum, table) => sum + table.endedFor(reason as Reason), 0))
  return {
    failed: tables.reduce((sum, table) => sum + table.totals[Total.failed], 0),
    denied: counts[Reason.denied],
    ended: Object.fromEntries(endReasons.map((reason, i) => [reason, counts[i]]).filter(([, count]) => count !== 0)),
  }
}
