import { endReasons } from '../../shared/end-reasons.ts'
import type { BanReason, Health, Role } from '../../shared/protocol/methods.ts'
import { commands, connectionStates } from '../../shared/protocol/vocabulary.ts'
import { dialResults, families, type Histogram, resolveResults } from '../engine/durations.ts'
import type { Engine } from '../engine/engine.ts'
import { Door, type SessionTable, Total } from '../engine/session-table.ts'
import { eachSource, RefusingLimit } from '../engine/shared/limit-lines.ts'
import { TurnRecord } from '../engine/turn-record.ts'
import { Protocol } from '../socks/conversation.ts'
import type { Distribution, Snapshot } from './families.ts'
import type { UserSeries } from './user-series.ts'

/** Where the values come from: read when somebody asks. */
export interface Sources {
  readonly version: string
  /** Milliseconds since 1970. */
  readonly started: number
  readonly engine: Pick<Engine, 'kind' | 'tables' | 'capacity' | 'restarts'>
  readonly maxConnections: () => number
  /** Connections of the processes before. */
  readonly before: () => number
  readonly limitLines: {
    refused(by: RefusingLimit): number
    refusals(line: number, by: RefusingLimit): number
    readonly usedUp: number
  }
  /** Milliseconds by which the main thread was late at worst lately. */
  readonly metrics: { readonly lag: number }
  readonly passwords: { readonly waiting: number }
  readonly logins: { readonly unanswered: number }
  readonly names: { readonly remembered: number; readonly lookedUp: number }
  readonly bans: { countByFamily(): Readonly<Record<(typeof families)[number], number>> }
  readonly accessLog: { readonly written: number; readonly dropped: number }
  /** What was heard of since the start. */
  readonly heard: {
    readonly bans: ReadonlyMap<BanReason, number>
    readonly reloads: { readonly ok: number; readonly failed: number }
    readonly storeWrites: Histogram
    readonly storeErrors: number
  }
  readonly control: {
    /** Milliseconds since 1970; undefined without one. */
    readonly certificateExpiry: number | undefined
    countClients(): ReadonlyMap<Role, number>
  }
  readonly users: UserSeries | undefined
  /** Undefined, or telling nothing: this daemon is in none. */
  readonly fleet: { health(): Health['fleet'] } | undefined
  readonly process: () => Pick<Health, 'descriptors' | 'memory'>
}

const directions = ['up', 'down'] as const
const doors = Object.keys(Door) as (keyof typeof Door)[]
const asked = ['none', ...commands] as const
const managers = ['viewer', 'operator', 'admin'] as const

/** Takes snapshots. One looks at each slot of the tables once, and at a thousand users at most. */
export function snapshots(sources: Sources): () => Snapshot {
  let before = performance.eventLoopUtilization()
  return () => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, before)
    before = now
    return take(sources, utilization)
  }
}

function take(sources: Sources, busyMain: number): Snapshot {
  const { engine, limitLines, heard, control, names } = sources
  const { tables } = engine
  const now = performance.now()
  const total = (which: Total) => sum(tables, ({ totals }) => totals[which])
  const spoken = (protocol: number) => sum(tables, (table) => table.spoken[protocol] as number)
  const moved = { up: total(Total.up), down: total(Total.down) }
  const live = lookAtLive(tables)
  const users = sources.users?.look({ ...moved, sessions: live.all }) ?? []
  const bans = sources.bans.countByFamily()
  const { descriptors, memory } = sources.process()
  const { user, system } = process.cpuUsage()
  const fleet = sources.fleet?.health()
  const loops = engine.kind === 'linux' ? tables.map(({ turns }, i) => [`${i}`, new TurnRecord(turns)] as const) : []
  const start = [[{}, sources.started / 1000]] as const
  return {
    proxyd_build_info: [[{ version: sources.version }, 1]],
    proxyd_start_time_seconds: start,
    proxyd_connections_accepted: doors.flatMap((listener) =>
      families.map((family, f) => [
        { listener, family },
        sum(tables, ({ arrived }) => arrived[families.length * Door[listener] + f] as number),
      ]),
    ),
    proxyd_proxy_header_failures: (['strange', 'malformed', 'late', 'left'] as const).map((reason) => [
      { reason },
      total(Total[reason]),
    ]),
    proxyd_connections: connectionStates.map((state, i) => [{ state }, live.byState[i] as number]),
    proxyd_connections_before: [[{}, sources.before()]],
    proxyd_connections_limit: [[{}, Math.min(sources.maxConnections(), engine.capacity)]],
    proxyd_clients_shed: [
      [{ who: 'silent' }, total(Total.shedSilent)],
      [{ who: 'newcomer' }, total(Total.shedNewcomers)],
    ],
    proxyd_sessions: asked.flatMap((command, c) =>
      endReasons.map((reason, r) => [{ command, reason }, sum(tables, (table) => table.endedFor(r as never, c))]),
    ),
    proxyd_sessions_by_protocol: [
      [{ protocol: 'none' }, spoken(0)],
      [{ protocol: 'socks5' }, spoken(Protocol.socks5)],
      [{ protocol: 'socks4' }, spoken(Protocol.socks4)],
      [{ protocol: 'http' }, spoken(Protocol.tunnel) + spoken(Protocol.request)],
    ],
    proxyd_session_duration_seconds: [[{}, together(tables, ({ durations }) => durations.session)]],
    proxyd_session_bytes: directions.map((direction) => [{ direction }, moved[direction]]),
    proxyd_datagrams: [
      [{ direction: 'up', result: 'relayed' }, total(Total.relayedUp)],
      [{ direction: 'up', result: 'dropped' }, total(Total.droppedUp)],
      [{ direction: 'down', result: 'relayed' }, total(Total.relayedDown)],
      [{ direction: 'down', result: 'dropped' }, total(Total.droppedDown)],
    ],
    proxyd_handshake_duration_seconds: [[{}, together(tables, ({ durations }) => durations.handshake)]],
    proxyd_resolve_duration_seconds: resolveResults.map((result, i) => [
      { result },
      together(tables, ({ durations }) => durations.resolve[i] as Histogram),
    ]),
    proxyd_connect_duration_seconds: families.flatMap((family, f) =>
      dialResults.map((result, i) => [
        { family, result },
        together(tables, ({ durations }) => durations.dial[f]?.[i] as Histogram),
      ]),
    ),
    proxyd_dns_cache: [
      [{ result: 'hit' }, total(Total.nameKnown) + names.remembered],
      [{ result: 'miss' }, names.lookedUp],
    ],
    proxyd_auth: [
      [{ result: 'ok' }, total(Total.loggedIn)],
      [{ result: 'denied' }, total(Total.denied)],
      [{ result: 'unanswered' }, sources.logins.unanswered],
    ],
    proxyd_auth_queue: [[{}, sources.passwords.waiting]],
    proxyd_bans: families.map((family) => [{ family }, bans[family]]),
    proxyd_bans_imposed: [...heard.bans].map(([cause, count]) => [{ cause }, count]),
    proxyd_limit_refusals: limitRefusals(limitLines),
    proxyd_rule_decisions: [
      [{ action: 'allow' }, total(Total.ruledFor)],
      [{ action: 'deny' }, total(Total.ruledAgainst)],
    ],
    proxyd_quota_exceeded: [[{}, limitLines.usedUp >>> 0]],
    proxyd_paced_sessions: [[{}, live.paced]],
    proxyd_paced_seconds: [
      [{ direction: 'up' }, total(Total.pacedUp) / 1000],
      [{ direction: 'down' }, total(Total.pacedDown) / 1000],
    ],
    proxyd_access_log_records: [[{}, sources.accessLog.written]],
    proxyd_access_log_dropped: [[{}, sources.accessLog.dropped]],
    proxyd_config_reloads: [
      [{ result: 'ok' }, heard.reloads.ok],
      [{ result: 'failed' }, heard.reloads.failed],
    ],
    proxyd_store_write_seconds: [[{}, inSeconds(heard.storeWrites.bounds, [heard.storeWrites])]],
    proxyd_store_errors: [[{}, heard.storeErrors]],
    proxyd_fleet_nodes: fleet
      ? [
          [{ state: 'there' }, fleet.nodes],
          [{ state: 'gone' }, fleet.gone],
        ]
      : [],
    proxyd_fleet_store_up: fleet ? [[{}, Number(fleet.problem === null)]] : [],
    proxyd_fleet_change_lag_seconds: fleet ? [[{}, fleet.lag / 1000]] : [],
    proxyd_loop_busy_ratio: [
      [{ loop: 'main' }, busyMain],
      ...loops.map(([loop, turns]) => [{ loop }, turns.busy(now)] as const),
    ],
    proxyd_loop_lag_seconds: [
      [{ loop: 'main' }, sources.metrics.lag / 1000],
      ...loops.map(([loop, turns]) => [{ loop }, turns.longest(now) / 1000] as const),
    ],
    proxyd_loop_restarts: engine.restarts.map((count, i) => [{ loop: `${i}` }, count]),
    proxyd_tls_certificate_expiry_seconds:
      control.certificateExpiry === undefined
        ? []
        : [[{ listener: 'control-tls' }, control.certificateExpiry / 1000] as const],
    proxyd_management_clients: managers.map((role) => [{ role }, control.countClients().get(role) ?? 0]),
    proxyd_user_bytes: users.flatMap(({ user, ...row }) =>
      directions.map((direction) => [{ user, direction }, row[direction]] as const),
    ),
    proxyd_user_sessions: users.map(({ user, sessions }) => [{ user }, sessions]),
    process_cpu_seconds: [[{}, (user + system) / 1e6]],
    process_resident_memory_bytes: [[{}, memory]],
    process_open_fds: [[{}, descriptors.open]],
    process_max_fds: [[{}, descriptors.max]],
    process_start_time_seconds: start,
  }
}

/** Live sessions, and how many of them are in which state, or kept waiting by a rate. */
function lookAtLive(tables: readonly SessionTable[]) {
  const byState = connectionStates.map(() => 0)
  let paced = 0
  for (const table of tables) {
    for (let slot = 0; slot < table.capacity; slot++) {
      if (table.serial[slot] === 0) continue
      byState[table.state[slot] as number]++
      if (table.paced[slot] !== 0) paced++
    }
  }
  return { byState, paced, all: byState.reduce((a, b) => a + b) }
}

/** A source's connections are counted under the same limit as a user's, on a line of their own. */
function limitRefusals(lines: Sources['limitLines']): Snapshot['proxyd_limit_refusals'] {
  const refused = (by: RefusingLimit) => lines.refused(by)
  const ofSources = lines.refusals(eachSource, RefusingLimit.maxConnections)
  const { maxConnections, connectRate, maxSources, sources, quota, expires, share } = RefusingLimit
  return [
    [{ limit: 'max-connections' }, refused(maxConnections) - ofSources],
    [{ limit: 'max-connections-source' }, ofSources],
    [{ limit: 'connect-rate-source' }, refused(connectRate)],
    [{ limit: 'max-sources' }, refused(maxSources)],
    [{ limit: 'sources' }, refused(sources)],
    [{ limit: 'quota' }, refused(quota)],
    [{ limit: 'expires' }, refused(expires)],
    [{ limit: 'share' }, refused(share)],
  ]
}

/** What all loops have counted of the same thing. */
function together(tables: readonly SessionTable[], which: (table: SessionTable) => Histogram): Distribution {
  const all = tables.map(which)
  return inSeconds(all[0]?.bounds ?? [], all)
}

function inSeconds(bounds: readonly number[], histograms: readonly Histogram[]): Distribution {
  const counts = histograms.map((histogram) => histogram.counts)
  return {
    bounds: bounds.map((milliseconds) => milliseconds / 1000),
    counts: Array.from({ length: bounds.length + 1 }, (_, bucket) => sum(counts, (each) => each[bucket] as number)),
    sum: sum(histograms, (histogram) => histogram.sum) / 1000,
  }
}

function sum<Part>(parts: readonly Part[], of: (part: Part) => number): number {
  return parts.reduce((total, part) => total + of(part), 0)
}
