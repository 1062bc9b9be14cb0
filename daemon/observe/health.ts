import { readdirSync, statSync } from 'node:fs'
import type { Health } from '../../shared/protocol/methods.ts'
import type { Engine } from '../engine/engine.ts'
import { type SessionTable, Total } from '../engine/session-table.ts'
import { TurnRecord } from '../engine/turn-record.ts'
import { descriptorLimit } from '../os/system-limits.ts'
import { countLive } from './metrics.ts'
import { Recent } from './recent.ts'

export interface HealthSources {
  readonly engine: Pick<Engine, 'kind' | 'tables' | 'capacity' | 'restarts'>
  /** The setting, or fewer where memory is short. */
  readonly maxConnections: () => number
  readonly metrics: { readonly lag: number }
  readonly store: { readonly health: Omit<Health['store'], 'waiting' | 'damaged'> }
  /** What is not stored yet. */
  readonly waiting: () => readonly string[]
  /** What of it is damaged, in words. */
  readonly damages: () => readonly string[]
  readonly names: { readonly health: Health['names'] }
  readonly near: () => Health['near']
  readonly accessLog: { readonly state: Health['accessLog'] }
  /** See the protocol. */
  readonly openMetrics: readonly string[]
  readonly balancers: readonly string[]
  /** Whence clients need no password now. */
  readonly trusted: () => readonly string[]
  readonly webhook: { readonly state: Health['webhook'] } | undefined
  readonly fleet: () => Health['fleet']
}

/** Changes, and damages, that are named at most. */
const mostNamed = 20

/** Tells how the daemon does whenever it is asked; until then it looks at nothing. */
export function healthReport({
  engine,
  maxConnections,
  metrics,
  store,
  waiting,
  damages,
  names,
  near,
  accessLog,
  openMetrics,
  balancers,
  trusted,
  webhook,
  fleet,
}: HealthSources): () => Health {
  const descriptors = new Descriptors()
  const memory = memoryReader()
  const ownLoops = engine.kind === 'linux' ? engine.tables : []
  return () => {
    const fleetNow = fleet()
    const shed = countShed(engine.tables)
    const damaged = damages().slice(0, mostNamed)
    return {
      lag: rounded(metrics.lag),
      loops: loopLags(ownLoops).map((lag, i) => {
        const restarts = engine.restarts[i] ?? 0
        return { lag: rounded(lag), ...(restarts > 0 && { restarts }) }
      }),
      sessions: {
        live: countLive(engine.tables),
        max: Math.min(maxConnections(), engine.capacity),
        ...(shed > 0 && { shed }),
      },
      descriptors: descriptors.health,
      memory: memory(),
      store: {
        ...store.health,
        slowest: rounded(store.health.slowest),
        waiting: waiting().slice(0, mostNamed),
        ...(damaged.length > 0 && { damaged }),
      },
      near: near(),
      ...(accessLog.state && { accessLog: accessLog.state }),
      ...(openMetrics.length > 0 && { openMetrics: [...openMetrics] }),
      ...(balancers.length > 0 && { balancers: [...balancers] }),
      ...(trusted().length > 0 && { trusted: [...trusted()] }),
      ...(webhook?.state && { webhook: webhook.state }),
      ...(fleetNow && { fleet: fleetNow }),
      names: { ...names.health, slowest: rounded(names.health.slowest) },
    }
  }
}

/**
 * Bytes resident. Linux tells them in a file: when no descriptor is left for that, what was read last counts, and 0 where /proc is not
 * mounted.
 */
export function memoryReader(): () => number {
  let last = 0
  const read = () => {
    try {
      last = process.memoryUsage.rss()
    } catch {}
    return last
  }
  read()
  return read
}

/** To a hundredth of a millisecond. */
function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100
}

/** Clients that were reset for want of room. */
function countShed(tables: readonly SessionTable[]): number {
  return tables.reduce((sum, { totals }) => sum + totals[Total.shedSilent] + totals[Total.shedNewcomers], 0)
}

/** Each loop's longest turn of the last ten seconds, in milliseconds. Only of tables that a loop of their own writes. */
export function loopLags(tables: readonly SessionTable[], now = performance.now()): number[] {
  return tables.map(({ turns }) => new TurnRecord(turns).longest(now))
}

/** Seconds for which slow changes are remembered. */
const remembered = 60

/** How storing changes goes. */
export class StoreChanges {
  readonly #times = new Recent(remembered)
  #problem: string | null = null

  get health(): Omit<Health['store'], 'waiting' | 'damaged'> {
    return { problem: this.#problem, slowest: this.#times.worst }
  }

  /** A change took so many milliseconds, and was stored unless there is an error. */
  readonly heard = (took: number, error?: unknown): void => {
    this.#times.note(took)
    if (error === undefined) this.#problem = null
    else this.#problem = error instanceof Error ? error.message : String(error)
  }
}

/** Milliseconds for which a count holds good: on a kernel that does not tell it, each descriptor is looked at. */
const freshness = 2_000

/** The descriptors of this process. */
export class Descriptors {
  readonly #max = Math.min(descriptorLimit(), Number.MAX_SAFE_INTEGER)
  readonly #count: () => number
  #open = 0
  /** As `performance.now` counts. */
  #counted = Number.NEGATIVE_INFINITY

  constructor(count: () => number = countOpen) {
    this.#count = count
  }

  get health(): Health['descriptors'] {
    const now = performance.now()
    if (now - this.#counted >= freshness) {
      this.#open = Math.min(this.#count(), this.#max)
      this.#counted = now
    }
    return { open: this.#open, max: this.#max }
  }
}

/** 0 where the system does not tell; infinity if counting failed because none is left. */
function countOpen(): number {
  try {
    // proc_pid_fd(5): since Linux 6.2 the size is the count; before, and elsewhere, the entries are counted.
    const counted = statSync('/proc/self/fd', { throwIfNoEntry: false })?.size ?? 0
    // Reading the folder takes a descriptor, too.
    return counted > 0 ? counted : readdirSync('/dev/fd').length - 1
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EMFILE' ? Number.POSITIVE_INFINITY : 0
  }
}
