import type { Sample } from '../../shared/protocol/methods.ts'
import type { Metrics } from '../control/backend.ts'
import { maxUsers, type SessionTable, Total } from '../engine/session-table.ts'
import type { UserTraffic } from './user-traffic.ts'

/** Milliseconds between two samples. */
const period = 1_000
/** Samples kept: an hour. */
const mostSamples = 3_600
/** Users named in a sample. */
const mostUsers = 10

/** Who the users are. */
export interface UserNames {
  /** No index above it was ever given. */
  readonly highestIndex: number
  /** A user's name by index; undefined for 0 and for users who are gone. */
  nameOf(index: number): string | undefined
}

interface Watcher {
  readonly listener: (sample: Sample) => void
}

/** Samples the engine's counters once a second, from the start until `stop`. */
export class RecordedMetrics implements Metrics {
  readonly #tables: readonly SessionTable[]
  readonly #traffic: UserTraffic
  readonly #names: UserNames
  /** Oldest first. */
  readonly #samples: Sample[] = []
  readonly #watchers = new Set<Watcher>()
  /** By user index: bytes moved up to the last sample. */
  readonly #movedBefore = new Float64Array(maxUsers)
  readonly #timer: NodeJS.Timeout
  #latest: Sample

  constructor(tables: readonly SessionTable[], traffic: UserTraffic, names: UserNames) {
    this.#tables = tables
    this.#traffic = traffic
    this.#names = names
    this.#latest = this.#take(0)
    this.#startPeriod()
    this.#samples.push(this.#latest)
    this.#timer = setInterval(() => this.#record(), period).unref()
  }

  /** A sample of this moment, numbered as the last of the series, which it leaves as it is. */
  now(): Sample {
    return this.#take(this.#latest.seq)
  }

  history(count: number): Sample[] {
    return count > 0 ? this.#samples.slice(-count) : []
  }

  watch(listener: (sample: Sample) => void): () => void {
    const watcher = { listener }
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }

  /** No more samples from now on. */
  stop(): void {
    clearInterval(this.#timer)
  }

  #record(): void {
    this.#latest = this.#take(this.#latest.seq + 1)
    this.#startPeriod()
    this.#samples.push(this.#latest)
    if (this.#samples.length > mostSamples) this.#samples.shift()
    // A copy: who begins to watch now finds this sample in the history.
    for (const { listener } of [...this.#watchers]) listener(this.#latest)
  }

  /** What users move from now on counts for the next sample. */
  #startPeriod(): void {
    for (let index = 0; index <= this.#names.highestIndex; index++) {
      this.#movedBefore[index] = this.#traffic.moved(index)
    }
  }

  #take(seq: number): Sample {
    return {
      seq,
      time: Date.now(),
      up: this.#total(Total.up),
      down: this.#total(Total.down),
      accepted: this.#total(Total.accepted),
      connected: this.#total(Total.connected),
      failed: this.#total(Total.failed),
      denied: this.#total(Total.denied),
      connections: countLive(this.#tables),
      users: this.#busiest(),
    }
  }

  #total(which: Total): number {
    return this.#tables.reduce((sum, table) => sum + table.totals[which], 0)
  }

  /** By bytes moved since the last sample, then by live connections. */
  #busiest(): Sample['users'] {
    const active: { index: number; name: string | null; moved: number; connections: number }[] = []
    for (let index = 0; index <= this.#names.highestIndex; index++) {
      const moved = this.#traffic.moved(index) - this.#movedBefore[index]
      const connections = this.#traffic.connections(index)
      const name = index === 0 ? null : this.#names.nameOf(index)
      if (name !== undefined && (moved > 0 || connections > 0)) active.push({ index, name, moved, connections })
    }
    return active
      .sort((a, b) => b.moved - a.moved || b.connections - a.connections)
      .slice(0, mostUsers)
      .map(({ index, name }) => ({ name, ...this.#traffic.of(index) }))
  }
}

/** Live connections, all loops together. */
export function countLive(tables: readonly SessionTable[]): number {
  let live = 0
  for (const { serial } of tables) for (let slot = 0; slot < serial.length; slot++) if (serial[slot] !== 0) live++
  return live
}
