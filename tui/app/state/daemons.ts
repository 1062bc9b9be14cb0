import type { Sample } from '../../../shared/protocol/methods.ts'
import type { UpDown } from '../chart/resample.ts'
import { alarms } from './alarms.ts'
import { linkTrouble, reasonOf } from './link.ts'
import { type Page, pages } from './pages.ts'
import { type DaemonState, daemonTime, type State } from './state.ts'
import { growth, rates } from './traffic.ts'

/** A daemon beside the others. What is not known of it is null. */
export interface DaemonRow {
  /** Which of the store's daemons it is; null for what sums several up. */
  readonly at: number | null
  readonly place: string
  /** How we stand with it, in a word. */
  readonly state: string
  /** Why it tells nothing; null if it does. */
  readonly trouble: string | null
  readonly alarms: readonly string[]
  readonly version: string | null
  /** Milliseconds since it was started. */
  readonly uptime: number | null
  readonly users: number | null
  readonly connections: number | null
  /** Bytes a second, now; and bytes since its start. */
  readonly rate: UpDown | null
  readonly total: UpDown | null
  /** Sessions that failed in the last minute. */
  readonly failures: number | null
  /** Bytes a second both ways, of each second of the last minute. */
  readonly recent: readonly number[]
}

/** The pages that there are: to look at all daemons makes sense where there are several, or a fleet of them. */
export function pagesOf(state: Pick<State, 'daemons'>): readonly Page[] {
  return state.daemons.length > 1 || isInFleet(state) ? pages : pages.filter((page) => page !== 'daemons')
}

/** Whether one of the daemons is a node of a fleet. */
export function isInFleet({ daemons }: Pick<State, 'daemons'>): boolean {
  return daemons.some(({ status }) => status?.health.fleet !== undefined)
}

/** The daemon that is shown, with its number where there are several: `2/3 proxy.example:8080`. */
export function placeShown({ place, daemons, current }: Pick<State, 'place' | 'daemons' | 'current'>): string {
  return daemons.length > 1 ? `${current + 1}/${daemons.length} ${place}` : place
}

/** Whether something is wrong with a daemon that is not shown. */
export function isTroubleElsewhere({ daemons, current }: Pick<State, 'daemons' | 'current'>): boolean {
  const isWrong = (daemon: DaemonState) => {
    return daemon.link.state === 'online' ? alarms(daemon).length > 0 : reasonOf(daemon.link) !== null
  }
  return daemons.some((daemon, at) => at !== current && isWrong(daemon))
}

/** `clock`: milliseconds since 1970 by this machine's clock. */
export function daemonRows(daemons: readonly DaemonState[], clock: number): DaemonRow[] {
  return daemons.map((daemon, at) => rowOf(daemon, at, clock))
}

/** All of them as one; what some do not tell is missing from its sums. */
export function sumOf(rows: readonly DaemonRow[]): DaemonRow {
  const online = rows.filter(({ trouble }) => trouble === null)
  const sum = (of: (row: DaemonRow) => number | null) => online.reduce((sum, row) => sum + (of(row) ?? 0), 0)
  const both = (of: (row: DaemonRow) => UpDown | null) => ({
    up: sum((row) => of(row)?.up ?? 0),
    down: sum((row) => of(row)?.down ?? 0),
  })
  return {
    at: null,
    place: 'Total',
    state: `${online.length} of ${rows.length}`,
    trouble: null,
    alarms: online.flatMap((row) => row.alarms),
    version: null,
    uptime: null,
    users: sum(({ users }) => users),
    connections: sum(({ connections }) => connections),
    rate: both(({ rate }) => rate),
    total: both(({ total }) => total),
    failures: sum(({ failures }) => failures),
    recent: [],
  }
}

/** What a daemon told before it went away is not so any longer. */
function rowOf(daemon: DaemonState, at: number, clock: number): DaemonRow {
  const { place, link } = daemon
  const state = link.state === 'offline' ? 'disconnected' : link.state
  const row = { at, place, state, trouble: linkTrouble(link, clock) }
  return link.state === 'online' ? { ...row, ...tellingsOf(daemon, clock) } : { ...row, ...silence }
}

const silence = {
  alarms: [],
  version: null,
  uptime: null,
  users: null,
  connections: null,
  rate: null,
  total: null,
  failures: null,
  recent: [],
}

function tellingsOf(daemon: DaemonState, clock: number): Omit<DaemonRow, 'at' | 'place' | 'state' | 'trouble'> {
  const { status, traffic, skew } = daemon
  const { latest, recent } = traffic
  return {
    alarms: alarms(daemon).map(({ text }) => text),
    version: status?.version ?? null,
    uptime: status && Math.max(0, daemonTime({ clock, skew }) - status.started),
    users: status?.users ?? null,
    connections: latest?.connections ?? null,
    rate: latest && traffic.rate,
    total: latest,
    failures: latest && growth((recent[0] ?? latest).failed, latest.failed),
    recent: ratesOf(recent),
  }
}

/** Bytes a second both ways, between each sample and the one before. */
function ratesOf(samples: readonly Sample[]): number[] {
  return samples.slice(1).map((sample, at) => {
    const before = samples[at] ?? sample
    const { up, down } = rates(before, sample, sample.time - before.time)
    return up + down
  })
}
