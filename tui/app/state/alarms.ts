import { BlockList, isIPv6 } from 'node:net'
import { counted } from '../../../shared/format/count.ts'
import { formatDuration } from '../../../shared/format/time.ts'
import type { Health } from '../../../shared/protocol/methods.ts'
import { mendOf, releaseOf, topicsOf } from './gaps.ts'
import { connectionsUsed, quotaUsed, shareOf, warnShare } from './limits.ts'
import type { DaemonState, Status } from './state.ts'
import { refusedLately, type UserRow } from './users.ts'

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** The share of what there is from which on it is scarce. */
const scarce = 0.9
/** Milliseconds by which a thread may be late at worst. */
const lateness = 100
/** The lag told is the worst of ten seconds: who is late for longer than these milliseconds is late again and again. */
const persistent = 15_000

/** Names not found in a minute that are more than somebody's slips. */
const manyNames = 10

/** Something that is wrong or soon will be, in few words, safe to show but for what the store says and for names. */
export interface Alarm {
  readonly text: string
  /** `bad`: the daemon does not do what it is for; `over`: somebody is beyond a limit. */
  readonly tone: 'bad' | 'over' | 'warning'
}

/** What is wrong or soon will be, the worst first. */
export function alarms({
  status,
  lateSince,
  users,
  gaps,
}: Pick<DaemonState, 'status' | 'lateSince' | 'users' | 'gaps'>): Alarm[] {
  const release = releaseOf(gaps)
  const differs = alarm(
    'warning',
    release && `this daemon is ${release}, which cannot show its ${topicsOf(gaps).join(', ')}: ${mendOf(gaps)}`,
  )
  if (!status) return differs
  const { health, draining } = status
  const late = lateSince !== null && status.sample.time - lateSince >= persistent
  return [
    ...alarm('bad', draining && 'draining: new clients are refused'),
    ...alarm('bad', isOpen(status) && 'other machines can use this proxy, and no password is required'),
    ...alarm('bad', health.store.problem !== null && `changes are not stored: ${health.store.problem}`),
    ...(health.store.damaged ?? []).flatMap((what) => alarm('bad', what)),
    ...fleetAlarms(health),
    ...alarm('bad', health.accessLog?.problem && `no access log: ${health.accessLog.problem}`),
    ...alarm('bad', health.webhook?.problem && `the webhook was not told of a watch: ${health.webhook.problem}`),
    ...differs,
    ...(health.openMetrics ?? []).map((at) => ({
      text: `whoever reaches ${at} reads the metrics`,
      tone: 'warning' as const,
    })),
    ...nearLimit('connections', health.sessions.live, health.sessions.max),
    ...nearLimit('descriptors', health.descriptors.open, health.descriptors.max),
    ...alarm('warning', late && `busy: late by ${Math.round(worstLag(health))} ms`),
    ...alarm(
      'warning',
      health.names.failed >= manyNames && `${health.names.failed} names not found in the last minute`,
    ),
    ...usersNearLimits(users.rows ?? [], status.sample.time),
  ]
}

function fleetAlarms({ fleet }: Health): Alarm[] {
  if (!fleet) return []
  const { problem, lag, behind, gone } = fleet
  const since = formatDuration(lag)
  return [
    ...alarm('bad', problem !== null && `what other nodes change is not known here since ${since}: ${problem}`),
    ...alarm('bad', behind.length > 0 && `${behind.join(', ')} of other nodes do not act here: the log tells why`),
    ...alarm('warning', gone > 0 && `${counted(gone, 'node')} of the fleet gone`),
  ]
}

/** An alarm, unless there is nothing to tell. */
function alarm(tone: Alarm['tone'], text: string | false | null | undefined): Alarm[] {
  return text ? [{ text, tone }] : []
}

/** Milliseconds before the end of somebody's time, from when on it is near. */
const soon = 86_400_000
/** Users that an alarm names. */
const mostNamed = 3

/** Who is refused by a limit, or soon will be: a line a kind of limit. */
function usersNearLimits(rows: readonly UserRow[], now: number): Alarm[] {
  const refused = rows.map((row) => ({ row, count: refusedLately(row) })).filter(({ count }) => count > 0)
  const spent = rows.flatMap((row) => {
    const quota = quotaUsed(row)
    const share = quota ? shareOf(quota) : 0
    return share >= warnShare(row) ? [{ row, share }] : []
  })
  const full = rows.flatMap((row) => {
    const connections = connectionsUsed(row)
    return connections && shareOf(connections) >= 1 ? [{ row, limit: connections.limit }] : []
  })
  const ending = rows.flatMap((row) => {
    const left = (row.user.use.expires ?? Number.POSITIVE_INFINITY) - now
    return left > 0 && left <= soon ? [{ row, left }] : []
  })
  return [
    ...line('over', 'refused by a limit in the last minute', refused, ({ row, count }) => `${row.user.name} ${count}`),
    ...line('over', 'as many connections as they may have', full, ({ row, limit }) => `${row.user.name} ${limit}`),
    ...line(spent.some(({ share }) => share >= 1) ? 'over' : 'warning', 'quota', spent, ({ row, share }) =>
      share >= 1 ? `${row.user.name} used up` : `${row.user.name} ${Math.floor(share * 100)} % used`,
    ),
    ...line('warning', 'expires soon', ending, ({ row, left }) => `${row.user.name} in ${formatDuration(left)}`),
  ]
}

function line<One>(tone: Alarm['tone'], what: string, all: readonly One[], name: (one: One) => string): Alarm[] {
  const more = all.length > mostNamed ? ` and ${all.length - mostNamed} more` : ''
  return alarm(tone, all.length > 0 && `${what}: ${all.slice(0, mostNamed).map(name).join(', ')}${more}`)
}

/** Milliseconds by which the slowest thread was late. */
function worstLag({ lag, loops }: Health): number {
  return Math.max(lag, ...loops.map((loop) => loop.lag))
}

/** Since when all that was told of a daemon was late, by its clock; null: it is not. */
export function lateSinceWhen(before: number | null, { health, sample }: Status): number | null {
  return worstLag(health) > lateness ? (before ?? sample.time) : null
}

/** Whether other machines are served without a password. */
function isOpen({ passwordRequired, listening }: Status): boolean {
  return !passwordRequired && listening.some(({ service, address }) => service === 'socks' && !isLocal(address))
}

/** Whether only this machine reaches it: `::ffff:127.0.0.1` is loopback, too. */
function isLocal(address: string): boolean {
  const host = address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '')
  return loopback.check(host, isIPv6(host) ? 'ipv6' : 'ipv4')
}

function nearLimit(what: string, used: number, most: number): Alarm[] {
  return alarm('warning', used > scarce * most && `${used} of at most ${most} ${what}`)
}
