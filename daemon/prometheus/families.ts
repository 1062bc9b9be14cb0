/**
 * Every metric, as one table: what is told of it to Prometheus, and by which labels its series differ. Labels have few values, and
 * none is a source or a destination.
 */

interface Shape {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
}

const counter = <const Labels extends readonly string[] = []>(help: string, labels: Labels = [] as never) =>
  ({ type: 'counter', help, labels }) as const
const gauge = <const Labels extends readonly string[] = []>(help: string, labels: Labels = [] as never) =>
  ({ type: 'gauge', help, labels }) as const
const histogram = <const Labels extends readonly string[] = []>(help: string, labels: Labels = [] as never) =>
  ({ type: 'histogram', help, labels }) as const

/** By name, that of a counter without its `_total`. */
export const families = {
  proxyd_build_info: gauge('Always 1; tells the version.', ['version']),
  proxyd_start_time_seconds: gauge('When it started, in seconds since 1970.'),
  proxyd_connections_accepted: counter('Clients that came in.', ['listener', 'family']),
  proxyd_proxy_header_failures: counter(
    'Connections that ended before it was known whose they are: not from a balancer, with a wrong header, or without one.',
    ['reason'],
  ),
  proxyd_connections: gauge('Clients that are here, by how far they have come.', ['state']),
  proxyd_connections_before: gauge('Clients whom processes that this one has followed serve to their end.'),
  proxyd_connections_limit: gauge('Clients that may be here at once.'),
  proxyd_clients_shed: counter(
    'Clients that were reset while there was no room: silent ones who had a place, and newcomers.',
    ['who'],
  ),
  proxyd_sessions: counter('Sessions that ended, by what was asked for and why they ended.', ['command', 'reason']),
  proxyd_sessions_by_protocol: counter('Sessions that ended, by what the client spoke.', ['protocol']),
  proxyd_session_duration_seconds: histogram('From accept to end, of sessions that reached what they asked for.'),
  proxyd_session_bytes: counter('Bytes delivered from clients (up) and to them (down).', ['direction']),
  proxyd_datagrams: counter('Datagrams of associations that were relayed or dropped.', ['direction', 'result']),
  proxyd_handshake_duration_seconds: histogram('From accept to a request that is let in, login included.'),
  proxyd_resolve_duration_seconds: histogram('For the addresses of a name, from memory or not.', ['result']),
  proxyd_connect_duration_seconds: histogram('For a destination, all its addresses together.', ['family', 'result']),
  proxyd_dns_cache: counter('Names that were asked for, by whether they were remembered.', ['result']),
  proxyd_auth: counter('Logins; those that were crowded out had no answer.', ['result']),
  proxyd_auth_queue: gauge('Logins that wait to be checked.'),
  proxyd_bans: gauge('Sources that are kept out.', ['family']),
  proxyd_bans_imposed: counter('Bans that began, by their cause.', ['cause']),
  proxyd_limit_refusals: counter('Requests and clients that limits refused.', ['limit']),
  proxyd_rule_decisions: counter('Requests that a rule, or what is built in, decided about.', ['action']),
  proxyd_quota_exceeded: counter('Quotas that were used up.'),
  proxyd_paced_sessions: gauge('Sessions that a rate keeps waiting.'),
  proxyd_paced_seconds: counter('Time that sessions waited for a rate, each direction for itself.', ['direction']),
  proxyd_access_log_records: counter('Lines for the access log.'),
  proxyd_access_log_dropped: counter('Connections that could not be written down in the access log.'),
  proxyd_config_reloads: counter('Times that files were read again on SIGHUP.', ['result']),
  proxyd_store_write_seconds: histogram('For a change to be stored, or to fail.'),
  proxyd_store_errors: counter('Changes that could not be stored.'),
  proxyd_fleet_nodes: gauge('Nodes of the fleet, by whether they are there.', ['state']),
  proxyd_fleet_store_up: gauge('Whether the store that nodes share answered when it was asked last: 1 or 0.'),
  proxyd_fleet_change_lag_seconds: gauge('Time since all that other nodes had changed acted here.'),
  proxyd_loop_busy_ratio: gauge('Part of the last ten seconds that a thread did not wait, from 0 to 1.', ['loop']),
  proxyd_loop_lag_seconds: gauge('The longest that others waited for a thread in the last ten seconds.', ['loop']),
  proxyd_loop_restarts: counter('Times that a thread died of a fault, and another took its place.', ['loop']),
  proxyd_tls_certificate_expiry_seconds: gauge('Until when a certificate is good, in seconds since 1970.', [
    'listener',
  ]),
  proxyd_management_clients: gauge('Management clients that are logged in.', ['role']),
  proxyd_user_bytes: counter("Bytes from a user's clients (up) and to them (down).", ['user', 'direction']),
  proxyd_user_sessions: gauge("A user's connections.", ['user']),
  process_cpu_seconds: counter('Processor time of the process.'),
  process_resident_memory_bytes: gauge('Memory resident.'),
  process_open_fds: gauge('Descriptors that are open.'),
  process_max_fds: gauge('Descriptors that may be open.'),
  process_start_time_seconds: gauge('When the process started, in seconds since 1970.'),
} as const satisfies Readonly<Record<string, Shape>>

export type FamilyName = keyof typeof families

/** How often something took how long: by bucket, the one beyond all bounds last. Times are seconds. */
export interface Distribution {
  readonly bounds: readonly number[]
  readonly counts: readonly number[]
  readonly sum: number
}

/** Of one family: each series by its labels, and what it is now. */
export type Series<Name extends FamilyName> = readonly (readonly [
  labels: Readonly<Record<(typeof families)[Name]['labels'][number], string>>,
  value: (typeof families)[Name]['type'] extends 'histogram' ? Distribution : number,
])[]

/** What there is to tell at one moment. A family without series is left out. */
export type Snapshot = { readonly [Name in FamilyName]: Series<Name> }
