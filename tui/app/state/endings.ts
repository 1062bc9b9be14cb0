import { type EndReason, endReasons, endReasonWords, refusalIn } from '../../../shared/end-reasons.ts'
import type { ClosedConnection, Sample } from '../../../shared/protocol/methods.ts'
import type { Role } from '../themes/theme.ts'
import { rememberLast } from './remember-last.ts'
import { type Rules, refusingRules } from './rules.ts'
import { growth } from './traffic.ts'

/** How often something came about: in the last minute, as far as it was followed, and since the daemon's start. */
interface Tally {
  readonly what: string
  /** Null: they were opened. */
  readonly reason: string | null
  readonly lastMinute: number
  readonly total: number
}

/** Connections opened, and what ended or was refused and why: what happened most in the last minute comes first. */
export function tallyEndings(recent: readonly Sample[]): Tally[] {
  const [before, now] = [recent[0], recent.at(-1)]
  if (!before || !now) return []
  const lastMinute = growth(before.connected, now.connected)
  const opened = { what: 'opened', reason: null, lastMinute, total: now.connected }
  const ended = Object.entries(now.ended).map(([reason, total]) => {
    return { what: endReasonWords(reason), reason, lastMinute: growth(before.ended[reason] ?? 0, total), total }
  })
  return [opened, ...ended.sort((one, other) => other.lastMinute - one.lastMinute || other.total - one.total)]
}

/** What rules, limits and logins refuse, the reasons that this is told by. */
const refusing = endReasons.filter((reason) => refusalIn(reason) === 'permission')

/** Why somebody is refused because of a limit or their time, not for who or what they are. */
const limiting: readonly string[] = [
  'limit_user',
  'limit_source',
  'rate',
  'quota',
  'expired',
] satisfies readonly EndReason[]
/** Why the daemon could not do what it would have done. */
const failing: readonly string[] = [
  'not_found',
  'unreachable',
  'refused',
  'timed_out',
  'failed',
] satisfies readonly EndReason[]

/** What an end means to whoever looks; null: nothing in particular. */
export function toneOf(reason: string | null): Role | null {
  if (reason === null) return null
  if (limiting.includes(reason)) return 'over'
  return isRefusal(reason) ? 'bad' : failing.includes(reason) ? 'warning' : null
}

/** Whether the daemon itself refused what was asked for. */
function isRefusal(reason: string): boolean {
  return refusalIn(reason as EndReason) !== undefined
}

/** Somebody who was refused the same once or several times, and the last time. */
interface Refused {
  readonly last: ClosedConnection
  readonly times: number
}

/** Those among the connections that ended last whom the daemon refused something, newest first. */
export const refusedLast = rememberLast((closed: readonly ClosedConnection[]): Refused[] => {
  const all = new Map<string, { last: ClosedConnection; times: number }>()
  for (const last of closed) {
    if (!isRefusal(last.reason)) continue
    const host = last.client.slice(0, last.client.lastIndexOf(':'))
    const key = JSON.stringify([last.reason, last.user, last.tried, host, last.destination])
    const known = all.get(key)
    if (known) known.times += 1
    else all.set(key, { last, times: 1 })
  }
  return [...all.values()]
})

/**
 * Whom the daemon itself has refused something in the last minute, in few words, what did so most first: `3 rule 1, 2 limit of
 * user`. The rules that did are told singly, and `forbidden` is what is left.
 */
export function refusalsLately(recent: readonly Sample[], rules: Rules | null): string[] {
  const [before, now] = [recent[0], recent.at(-1)]
  if (!before || !now) return []
  const byRule = rules ? refusingRules(rules).filter(({ lately }) => lately > 0) : []
  const toldByRule = byRule.reduce((sum, { lately }) => sum + lately, 0)
  const reasons = refusing
    .map((reason) => {
      const count = growth(before.ended[reason] ?? 0, now.ended[reason] ?? 0)
      return { reason, count: reason === 'forbidden' ? count - toldByRule : count }
    })
    .filter(({ count }) => count > 0)
  return [
    ...byRule.map(({ id, lately }) => ({ what: `by rule ${id}`, count: lately })),
    ...reasons.map(({ reason, count }) => ({ what: endReasonWords(reason), count })),
  ]
    .sort((one, other) => other.count - one.count)
    .map(({ what, count }) => `${count} ${what}`)
}
