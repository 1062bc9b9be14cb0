import { endReasons, endReasonWords, refusalIn } from '../../../shared/end-reasons.ts'
import type { Sample } from '../../../shared/protocol/methods.ts'
import { type Rules, refusingRules } from './rules.ts'

/** How often something came about: in the last minute, as far as it was followed, and since the daemon's start. */
interface Tally {
  readonly what: string
  readonly lastMinute: number
  readonly total: number
}

/** Connections opened, and what ended or was refused and why: what happened most in the last minute comes first. */
export function tallyEndings(recent: readonly Sample[]): Tally[] {
  const [before, now] = [recent[0], recent.at(-1)]
  if (!before || !now) return []
  const opened = { what: 'opened', lastMinute: now.connected - before.connected, total: now.connected }
  const ended = Object.entries(now.ended).map(([reason, total]) => {
    return { what: endReasonWords(reason), lastMinute: total - (before.ended[reason] ?? 0), total }
  })
  return [opened, ...ended.sort((one, other) => other.lastMinute - one.lastMinute || other.total - one.total)]
}

/** What rules, limits and logins refuse, the reasons that this is told by. */
const refusing = endReasons.filter((reason) => refusalIn(reason) === 'permission')

/**
 * Whom the daemon itself has refused something in the last minute, in few words, what did so most first: `3 rule 1, 2 limit of
 * user`. The rules that did are told singly, as far as they are known.
 */
export function refusalsLately(recent: readonly Sample[], rules: Rules | null): string[] {
  const [before, now] = [recent[0], recent.at(-1)]
  if (!before || !now) return []
  const byRule = rules ? refusingRules(rules).filter(({ lastMinute }) => lastMinute > 0) : []
  const reasons = refusing
    .map((reason) => ({ reason, count: (now.ended[reason] ?? 0) - (before.ended[reason] ?? 0) }))
    .filter(({ reason, count }) => count > 0 && (reason !== 'forbidden' || byRule.length === 0))
  return [
    ...byRule.map(({ rule, lastMinute }) => ({ what: `rule ${rule.place ?? 'of proxyd'}`, count: lastMinute })),
    ...reasons.map(({ reason, count }) => ({ what: endReasonWords(reason), count })),
  ]
    .sort((one, other) => other.count - one.count)
    .map(({ what, count }) => `${count} ${what}`)
}
